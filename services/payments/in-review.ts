import type { NotificationId } from '../../domain/ids.ts';
import type {
  ExpectedBinding,
  ProviderReport,
  ReportBinding,
  ReviewReason,
} from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import type { ReviewSide } from '../../domain/review.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { PaymentRow, RefundRow } from '../../db/queries/read-order.ts';

/** The provider's report and how it arrived. */
export type ReportSource = {
  report?: ProviderReport | undefined;
  /** Only a notification names its addressee; the answer to a query needs none. */
  notification?: { id: NotificationId; expected: ExpectedBinding; binding: ReportBinding };
  refund?: { no: string; known?: RefundRow | undefined; report: RefundReport };
};

/** The patch that puts an order in review, with the facts that a person needs. */
export function inReview(input: {
  payment: PaymentRow;
  reason: ReviewReason;
  source: ReportSource;
  at: Date;
}): Pick<Change['order'], 'reviewReason' | 'reviewFacts'> {
  const { payment, reason, source, at } = input;
  const { id: paymentId, accountId, provider, outTradeNo } = payment;
  return {
    reviewReason: reason,
    reviewFacts: {
      reason,
      paymentId,
      accountId,
      provider,
      outTradeNo,
      expected: expectedOf(payment, source),
      reported: reportedOf(source),
      ...(source.report?.status === 'authorized' && { isHeld: true }),
      notificationId: source.notification?.id ?? null,
      at: at.toISOString(),
    },
  };
}

export const noReview = { reviewReason: null, reviewFacts: null } as const;

function expectedOf(payment: PaymentRow, { notification, refund }: ReportSource): ReviewSide {
  return {
    amountMinor: refund ? (refund.known?.amountMinor ?? null) : payment.amountMinor,
    currency: payment.currency,
    appId: notification?.expected.appId ?? null,
    sellerId: notification?.expected.sellerId ?? null,
    providerTradeNo: payment.providerTradeNo,
    refundNo: refund?.known?.refundNo ?? null,
  };
}

function reportedOf({ report, notification, refund }: ReportSource): ReviewSide {
  const { amountMinor, currency, providerTradeNo } = moneyOf(report);
  const refunded = refund?.report.status === 'succeeded' ? refund.report : undefined;
  return {
    amountMinor: refunded?.refundedMinor ?? amountMinor,
    currency: refunded?.currency ?? currency,
    appId: notification?.binding.appId ?? null,
    sellerId: notification?.binding.sellerId ?? null,
    providerTradeNo: providerTradeNo ?? notification?.binding.providerTradeNo ?? null,
    refundNo: refund?.no ?? null,
  };
}

function moneyOf(report: ProviderReport | undefined) {
  switch (report?.status) {
    case 'succeeded': {
      const { paidMinor: amountMinor, currency, providerTradeNo } = report;
      return { amountMinor, currency, providerTradeNo };
    }
    case 'authorized': {
      const { authorizedMinor: amountMinor, currency, providerTradeNo } = report;
      return { amountMinor, currency, providerTradeNo };
    }
    default:
      return { amountMinor: null, currency: null, providerTradeNo: null };
  }
}
