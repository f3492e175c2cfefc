import type { NextAction, ProviderReport, ReportBinding } from '../domain/payment.ts';

/**
 * The one interface every payment provider is met through. Amounts cross it in minor units, times as
 * ISO 8601; a provider's own spelling of either never leaves its folder.
 */
export type Provider = {
  readonly name: ProviderName;
  /** Asks for a payment under our own number. Repeating it with the same input is safe. */
  createPayment(input: CreatePaymentInput): Promise<CreatePaymentResult>;
  /** Asks what became of a payment. */
  queryPayment(input: { outTradeNo: string }): Promise<QueryPaymentResult>;
  /** Asks the provider to take no more money for this payment. */
  closePayment(input: { outTradeNo: string }): Promise<ClosePaymentResult>;
  /** Verifies and reads a notification from its raw body. Nothing is trusted before the signature is. */
  parseNotification(input: RawNotification): Promise<ParsedNotification>;
  /** The answer in the provider's own dialect. */
  acknowledge(answer: 'accepted' | 'rejected' | 'retryLater'): NotificationAck;
  /** Who signed reports must say they are for. */
  expectedBinding(input: { outTradeNo: string }): ReportBinding;
};

export type ProviderName = 'alipay';

export type CreatePaymentInput = {
  outTradeNo: string;
  amountMinor: number;
  currency: string;
  subject: string;
  /** ISO 8601; the provider must refuse payment after it. */
  expiresAt: string;
  notifyUrl: string;
};

/** Refusals are data. Everything else a provider does wrong is thrown as a `ProviderFault`. */
export type Refusal =
  | { kind: 'declined'; code: string; message: string }
  | { kind: 'invalidState'; code: string; message: string };

export type CreatePaymentResult = { kind: 'created'; nextAction: NextAction } | Refusal;

/** The adapter has checked that the answer is about the number asked for. */
export type QueryPaymentResult = { kind: 'reported'; report: ProviderReport };

/** `absent`: the provider has no such trade (yet). `paid`: too late, ask again: paid wins. */
export type ClosePaymentResult = { kind: 'closed' | 'absent' | 'paid' };

export type RawNotification = {
  rawBody: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
};

export type ParsedNotification =
  | { kind: 'verified'; events: readonly ProviderEvent[] }
  /** Not from the provider, or not readable: answer `rejected`, keep nothing but a log line. */
  | { kind: 'rejected'; reason: string };

export type ProviderEvent = {
  /** The provider's own id of the notification; the same at every redelivery. */
  notificationId: string;
  binding: ReportBinding;
  /** `refund`: about a refund of this trade, and never a second payment. */
  subject: 'payment' | 'refund';
  report: ProviderReport;
};

export type NotificationAck = {
  status: 200 | 204 | 400 | 500;
  body: string;
  contentType: 'text/plain' | 'application/json';
};
