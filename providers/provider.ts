import type { DisputeReport } from '../domain/dispute.ts';
import type {
  ExpectedBinding,
  NextAction,
  ProviderNews,
  ProviderReport,
  ReportBinding,
} from '../domain/payment.ts';
import type { RefundReport } from '../domain/refund.ts';

/**
 * The interface of every payment provider. Amounts are in minor units of ISO 4217, times ISO 8601; a provider's own
 * formats stay in its folder. Refusals are returned as data; all other failures throw a `ProviderFault`.
 */
export type Provider = {
  readonly name: ProviderName;
  /** Opens a payment under our own number. Idempotent for the same input. */
  createPayment(input: CreatePaymentInput): Promise<CreatePaymentResult>;
  /** Queries a payment. */
  queryPayment(payment: PaymentRef): Promise<QueryPaymentResult>;
  /** Captures an authorised payment; present if a method can authorise. Idempotent. */
  capturePayment?(input: CaptureInput): Promise<CaptureResult>;
  /** Closes an unpaid payment, or voids an authorised one. */
  closePayment(payment: PaymentRef): Promise<ClosePaymentResult>;
  /** For a payment of unknown outcome only: closes it, or refunds it if it was paid. */
  reversePayment?(payment: PaymentRef): Promise<ClosePaymentResult>;
  /** Refunds under our own number. Idempotent for the same input. */
  refund(input: RefundInput): Promise<RefundResult>;
  /** Queries a refund, ours or one made at the provider. */
  queryRefund(refund: RefundRef): Promise<{ kind: 'reported'; report: RefundReport }>;
  /** Queries a dispute; present if the provider reports disputes. */
  queryDispute?(dispute: DisputeRef): Promise<DisputeResult>;
  /** Fetches the provider's statement of one of its days. */
  fetchStatement(input: { date: string }): Promise<StatementResult>;
  /** Verifies and parses a notification from its raw body. Nothing is trusted before the signature. */
  parseNotification(input: RawNotification): Promise<ParsedNotification>;
  /** The response that the provider expects. */
  acknowledge(answer: 'accepted' | 'rejected' | 'retryLater'): NotificationAck;
  /** The identifiers that a signed report about this payment must carry. */
  expectedBinding(payment: PaymentNames): ExpectedBinding;
};

export type ProviderName = 'alipay' | 'wechat-pay' | 'stripe';

/** A payment as its provider knows it. */
export type PaymentRef = {
  /** Our number, stored before the first call to the provider. */
  outTradeNo: string;
  /** The provider's handle of an unpaid payment (a PaymentIntent's or Session's id), once known. */
  providerRef: string | null;
  /** The provider's number of the paid trade, once known. */
  providerTradeNo: string | null;
  amountMinor: number;
  currency: string;
};

/** The identifiers of a payment at its provider, as far as they are known. */
export type PaymentNames = Pick<PaymentRef, 'outTradeNo'> &
  Partial<Pick<PaymentRef, 'providerRef' | 'providerTradeNo'>>;

export type CreatePaymentInput = {
  outTradeNo: string;
  /** The method's public name, such as `wechat-pay.jsapi`. */
  method: string;
  amountMinor: number;
  currency: string;
  subject: string;
  /** ISO 8601; the provider must refuse payment after it. */
  expiresAt: string;
  notifyUrl: string;
  /** Where the provider's page redirects the payer afterwards. */
  returnUrl: string;
  /** `manual` only authorises. Used only for methods that support it. */
  capture: 'automatic' | 'manual';
  payer: Payer;
};

/** The payer data that some methods need. */
export type Payer = {
  /** The payer's id at the provider, such as WeChat's openid. */
  providerUserId?: string | undefined;
  /** The payer's IP address, which WeChat's H5 requires. */
  ip?: string | undefined;
};

/** A definite refusal by the provider: nothing was executed. */
export type Refusal =
  | {
      kind: 'declined';
      code: string;
      message: string;
      /** Our request was wrong, and we must look into it. */
      isOurMistake?: boolean;
    }
  | { kind: 'invalidState'; code: string; message: string };

export type CreatePaymentResult =
  | { kind: 'created'; nextAction: NextAction; providerRef: string | null }
  | Refusal;

/** The adapter has checked that the answer is about the requested number. */
export type QueryPaymentResult = { kind: 'reported'; report: ProviderReport };

/** `captureMinor` up to the authorised amount; the rest is released. */
export type CaptureInput = PaymentRef & { captureMinor: number };
export type CaptureResult = { kind: 'reported'; report: ProviderReport } | Refusal;

/** `absent`: the provider has no such trade (yet). `paid`: too late; query again, because a payment wins. */
export type ClosePaymentResult = { kind: 'closed' | 'absent' | 'paid' };

export type RefundRef = {
  payment: PaymentRef;
  /** Our refund number; for a refund made at the provider, the number that it came with. */
  refundNo: string;
  /** The provider's number, once known. */
  providerRefundNo: string | null;
};

export type RefundInput = Omit<RefundRef, 'providerRefundNo'> & {
  refundMinor: number;
  /** Total captured for the payment. */
  capturedMinor: number;
  reason: string;
  notifyUrl: string;
};

export type RefundResult = { kind: 'reported'; report: RefundReport } | Refusal;

export type DisputeRef = { payment: PaymentRef; disputeNo: string };

export type DisputeResult =
  | { kind: 'reported'; report: DisputeReport }
  /** An unmapped status changes nothing. */
  | { kind: 'unknown'; providerStatus: string };

export type StatementResult =
  | { kind: 'ready'; entries: AsyncIterable<StatementEntry> }
  /** Not published yet: retry later. */
  | { kind: 'notReady' };

/** One line of a provider's statement. */
export type StatementEntry = StatementMovement | UnreadableLine;

/** A movement of money. */
export type StatementMovement = {
  amountMinor: number;
  currency: string;
  /** The provider's fee, if the statement has it. */
  feeMinor: number | null;
  /** ISO 8601. */
  at: string;
} & (
  | ({ kind: 'payment' } & TradeNumbers)
  | ({ kind: 'refund'; refundNo: string; providerRefundNo: string | null } & TradeNumbers)
  /** The payer's bank took the money (negative amount), or returned it. */
  | ({ kind: 'dispute'; disputeNo: string } & TradeNumbers)
  /** A movement without a payment, under the provider's own category: monthly fees, payouts, corrections. */
  | { kind: 'other'; number: string; category: string }
);

type TradeNumbers = { outTradeNo: string; providerTradeNo: string };

/** A line that cannot be parsed reliably. Other lines are unaffected, and a person looks at it. */
export type UnreadableLine = {
  kind: 'unreadable';
  text: string;
  reason: string;
  /** Our payment number, if at least that is in its place. */
  outTradeNo: string | null;
};

export type RawNotification = {
  rawBody: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
};

export type ParsedNotification =
  | {
      kind: 'verified';
      events: readonly ProviderEvent[];
      /** A warning for the account's owner, such as an API version that is not supported. */
      notice?: string;
    }
  /** Not from the provider, or unreadable: answer `rejected` and store nothing but a log line. */
  | { kind: 'rejected'; reason: string }
  /** Possibly genuine, but not verifiable now, as with a key not fetched yet: the provider must redeliver it. */
  | { kind: 'retryLater'; reason: string };

export type ProviderEvent = {
  /** The provider's own notification id, constant across redeliveries. */
  notificationId: string;
  binding: ReportBinding;
  news: ProviderNews;
};

export type NotificationAck = {
  status: 200 | 204 | 400 | 401 | 500;
  body: string;
  contentType: 'text/plain' | 'application/json';
};
