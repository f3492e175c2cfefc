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
 * The one interface every payment provider is met through. Amounts cross it in minor units of ISO
 * 4217, times as ISO 8601; a provider's own spelling of either never leaves its folder. Refusals are
 * data; everything else a provider does wrong is thrown as a `ProviderFault`.
 */
export type Provider = {
  readonly name: ProviderName;
  /** Asks for a payment under our own number. Repeating it with the same input is safe. */
  createPayment(input: CreatePaymentInput): Promise<CreatePaymentResult>;
  /** Asks what became of a payment. */
  queryPayment(payment: PaymentRef): Promise<QueryPaymentResult>;
  /** Takes money that is held. Only where a method can hold it; repeating it takes nothing twice. */
  capturePayment?(input: CaptureInput): Promise<CaptureResult>;
  /** Asks the provider to take no more money for this payment; money that is held is let go. */
  closePayment(payment: PaymentRef): Promise<ClosePaymentResult>;
  /** For a payment of unknown outcome only: ends it whatever it is, and gives back what was paid. */
  reversePayment?(payment: PaymentRef): Promise<ClosePaymentResult>;
  /** Gives money back under our own number. Repeating it with the same input gives nothing twice. */
  refund(input: RefundInput): Promise<RefundResult>;
  /** Asks what became of a refund, ours or one made at the provider. */
  queryRefund(refund: RefundRef): Promise<{ kind: 'reported'; report: RefundReport }>;
  /** Asks what became of a dispute. Only where a provider tells of them. */
  queryDispute?(dispute: DisputeRef): Promise<DisputeResult>;
  /** The provider's account of one of its days. */
  fetchStatement(input: { date: string }): Promise<StatementResult>;
  /** Verifies and reads a notification from its raw body. Nothing is trusted before the signature is. */
  parseNotification(input: RawNotification): Promise<ParsedNotification>;
  /** The answer in the provider's own dialect. */
  acknowledge(answer: 'accepted' | 'rejected' | 'retryLater'): NotificationAck;
  /** Who signed reports must say they are for. */
  expectedBinding(payment: PaymentNames): ExpectedBinding;
};

export type ProviderName = 'alipay' | 'wechat-pay' | 'stripe';

/** A payment as its provider knows it. */
export type PaymentRef = {
  /** Our number, stored before the provider was first called. */
  outTradeNo: string;
  /** The handle the provider gave for an unpaid payment (a PaymentIntent's or Session's id), once we have it. */
  providerRef: string | null;
  /** The provider's number of the paid trade, once we have it. */
  providerTradeNo: string | null;
  amountMinor: number;
  currency: string;
};

/** The names that a payment has at its provider, as far as they are known. */
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
  /** Where a redirecting provider sends the payer afterwards. */
  returnUrl: string;
  /** `manual` only holds the money. Never asked of a method that cannot. */
  capture: 'automatic' | 'manual';
  payer: Payer;
};

/** What some methods must know of the payer. */
export type Payer = {
  /** The payer's id at the provider, such as WeChat's openid. */
  providerUserId?: string | undefined;
  /** The payer's address, which WeChat's H5 demands. */
  ip?: string | undefined;
};

/** The provider's definite no: nothing was executed. */
export type Refusal =
  | {
      kind: 'declined';
      code: string;
      message: string;
      /** It was asked for wrongly: people of ours must look. */
      isOurMistake?: boolean;
    }
  | { kind: 'invalidState'; code: string; message: string };

export type CreatePaymentResult =
  | { kind: 'created'; nextAction: NextAction; providerRef: string | null }
  | Refusal;

/** The adapter has checked that the answer is about the number asked for. */
export type QueryPaymentResult = { kind: 'reported'; report: ProviderReport };

/** `amountMinor` up to what is held; the rest is let go. */
export type CaptureInput = PaymentRef & { captureMinor: number };
export type CaptureResult = { kind: 'reported'; report: ProviderReport } | Refusal;

/** `absent`: the provider has no such trade (yet). `paid`: too late, ask again: paid wins. */
export type ClosePaymentResult = { kind: 'closed' | 'absent' | 'paid' };

export type RefundRef = {
  payment: PaymentRef;
  /** Our number of the refund; for one made at the provider, the number it came with. */
  refundNo: string;
  /** The provider's number, once we have it. */
  providerRefundNo: string | null;
};

export type RefundInput = Omit<RefundRef, 'providerRefundNo'> & {
  refundMinor: number;
  /** What was taken for the payment in all. */
  capturedMinor: number;
  reason: string;
  notifyUrl: string;
};

export type RefundResult = { kind: 'reported'; report: RefundReport } | Refusal;

export type DisputeRef = { payment: PaymentRef; disputeNo: string };

export type DisputeResult =
  | { kind: 'reported'; report: DisputeReport }
  /** A status that we have no word for moves nothing. */
  | { kind: 'unknown'; providerStatus: string };

export type StatementResult =
  | { kind: 'ready'; entries: AsyncIterable<StatementEntry> }
  /** Not made yet: ask again later. */
  | { kind: 'notReady' };

/** One line of a provider's own account of a day. */
export type StatementEntry = StatementMovement | UnreadableLine;

/** Money that moved. */
export type StatementMovement = {
  amountMinor: number;
  currency: string;
  /** The provider's fee, where the statement says it. */
  feeMinor: number | null;
  /** ISO 8601. */
  at: string;
} & (
  | ({ kind: 'payment' } & TradeNumbers)
  | ({ kind: 'refund'; refundNo: string; providerRefundNo: string | null } & TradeNumbers)
  /** A payer's bank took the money, as a negative amount, or gave it back. */
  | ({ kind: 'dispute'; disputeNo: string } & TradeNumbers)
  /** What is of no payment, in the provider's word for it: fees by the month, payouts, corrections. */
  | { kind: 'other'; number: string; category: string }
);

type TradeNumbers = { outTradeNo: string; providerTradeNo: string };

/** A line that cannot be read for sure. Its neighbours can, and a person looks at it. */
export type UnreadableLine = {
  kind: 'unreadable';
  text: string;
  reason: string;
  /** Our number of its payment, where that at least stands where it must. */
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
      /** What its account's owner should know, as of a version that is not understood for sure. */
      notice?: string;
    }
  /** Not from the provider, or not readable: answer `rejected`, keep nothing but a log line. */
  | { kind: 'rejected'; reason: string }
  /** May be genuine, but cannot be verified now, as with a key not fetched yet: let it be sent again. */
  | { kind: 'retryLater'; reason: string };

export type ProviderEvent = {
  /** The provider's own id of the notification; the same at every redelivery. */
  notificationId: string;
  binding: ReportBinding;
  news: ProviderNews;
};

export type NotificationAck = {
  status: 200 | 204 | 400 | 401 | 500;
  body: string;
  contentType: 'text/plain' | 'application/json';
};
