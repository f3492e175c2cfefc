/** The state of a platform, derived from its events in order. */
export type Book = {
  accounts: Map<string, Account>;
  /** By account and our number. */
  payments: Map<string, Payment>;
  /** Indices into `payments`. */
  byProviderTradeNo: Map<string, Payment>;
  byDetail: Map<string, Payment>;
  byRefundNo: Map<string, Payment>;
  byDisputeNo: Map<string, Payment>;
};

/** `details` are provider-specific: keys, names, options. */
export type Account = { account: string; details: Record<string, string> };

export type PaymentKey = { account: string; outTradeNo: string };

export type PaymentStatus = 'open' | 'authorized' | 'paid' | 'closed';

export type OpenedPayment = PaymentKey & {
  providerTradeNo: string | null;
  method: string;
  amountMinor: number;
  currency: string;
  subject: string;
  /** Canonical text of the request: the same number with other terms is a conflict. */
  terms: string;
  notifyUrl?: string;
  capture: 'automatic' | 'manual';
  expiresAtMs: number;
  openedAtMs: number;
  /** Provider-specific: a code, a prepay id, a client secret. Indexed, so that payments are found by them. */
  details: Record<string, string>;
};

export type Payment = OpenedPayment & {
  status: PaymentStatus;
  authorizedMinor: number;
  capturedMinor: number;
  /** The number of captures; more than one is an error. */
  captures: number;
  paidAtMs?: number;
  closedAtMs?: number;
  refunds: Refund[];
  disputes: Dispute[];
  notifications: Notification[];
};

export type AcceptedRefund = {
  refundNo: string;
  providerRefundNo: string;
  amountMinor: number;
  /** Created in the provider's portal. */
  isExternal: boolean;
  terms: string;
  notifyUrl?: string;
  atMs: number;
};

export type Refund = AcceptedRefund & {
  status: 'pending' | 'succeeded' | 'bounced' | 'closed';
  /** The number of executions; more than one is an error. */
  executions: number;
  settledAtMs?: number;
};

/** An `inquiry` moves no money. */
export type DisputeState = 'inquiry' | 'inquiryClosed' | 'open' | 'won' | 'lost';

export type Dispute = {
  disputeNo: string;
  amountMinor: number;
  status: DisputeState;
  reason: string;
  atMs: number;
  /** Amounts that the bank withdrew (negative) and returned. */
  moves: { amountMinor: number; atMs: number }[];
};

export type OpenedDispute = Omit<Dispute, 'moves'>;

export type NotificationDraft = {
  /** The same at every attempt. */
  id: string;
  type: string;
  url: string;
  /** JSON from which the signed request is rendered at every attempt. */
  payload: unknown;
};

export type Notification = PaymentKey &
  NotificationDraft & {
    attempts: Attempt[];
    /** Undefined while attempts continue. */
    end?: NotificationEnd;
  };

export type NotificationEnd = 'acknowledged' | 'given_up' | 'lost';

export type Attempt = {
  atMs: number;
  outcome: 'acknowledged' | 'refused' | 'unreachable' | 'not_sent';
  httpStatus?: number;
  answer?: string;
  /** A second copy or a resend, which does not count in the retry schedule. */
  isExtra?: true;
  /** The scripted fault of the attempt. */
  fault?: string;
};

export function emptyBook(): Book {
  return {
    accounts: new Map(),
    payments: new Map(),
    byProviderTradeNo: new Map(),
    byDetail: new Map(),
    byRefundNo: new Map(),
    byDisputeNo: new Map(),
  };
}

export function keyOf({ account, outTradeNo }: PaymentKey): PaymentKey {
  return { account, outTradeNo };
}

export function findPayment(book: Book, { account, outTradeNo }: PaymentKey): Payment | undefined {
  return book.payments.get(`${account}/${outTradeNo}`);
}

/** Finds a payment by a detail, such as a code or a client secret. */
export function findByDetail(book: Book, name: string, value: string): Payment | undefined {
  return book.byDetail.get(`${name}/${value}`);
}

export function findRefund(
  book: Book,
  { account, refundNo }: { account: string; refundNo: string },
): { payment: Payment; refund: Refund } | undefined {
  const payment = book.byRefundNo.get(`${account}/${refundNo}`);
  const refund = payment?.refunds.find((refund) => refund.refundNo === refundNo);
  return payment && refund && { payment, refund };
}

export function findDispute(
  book: Book,
  disputeNo: string,
): { payment: Payment; dispute: Dispute } | undefined {
  const payment = book.byDisputeNo.get(disputeNo);
  const dispute = payment?.disputes.find((dispute) => dispute.disputeNo === disputeNo);
  return payment && dispute && { payment, dispute };
}
