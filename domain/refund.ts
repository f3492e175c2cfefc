/**
 * The status of a refund. `needs_attention`: the provider accepted it and could not execute it, or gives only unknown
 * answers and has no record of it; the provider holds the money and a person must act.
 */
export const refundStatuses = ['pending', 'succeeded', 'failed', 'needs_attention'] as const;
export type RefundStatus = (typeof refundStatuses)[number];

/** Why money is refunded: a merchant's request, or a rule of the platform. */
export const refundCauses = [
  'requested',
  'late_payment',
  'duplicate_payment',
  'rejected',
  'review',
  'at_provider',
] as const;
export type RefundCause = (typeof refundCauses)[number];

/** A provider's report about one refund, mapped to our statuses. Amounts in minor units. */
export type RefundReport =
  | { status: 'pending' | 'absent' }
  | { status: 'unknown'; providerStatus: string }
  | { status: 'failed' | 'needs_attention'; code: string; providerRefundNo?: string }
  | {
      status: 'succeeded';
      refundedMinor: number;
      currency: string;
      providerRefundNo: string;
      /** ISO 8601; the provider's time, if it reports one. */
      refundedAt?: string;
    };

/** True while a refund reserves its amount, which then cannot be refunded a second time. */
export function isReserving(status: RefundStatus): boolean {
  return status === 'pending' || status === 'succeeded';
}

/**
 * The amount of a payment that can still be refunded, after pending refunds.
 * @example refundableMinor(1000, [{ status: 'pending', amountMinor: 400 }]) // 600
 */
export function refundableMinor(
  capturedMinor: number,
  refunds: readonly { status: RefundStatus; amountMinor: number }[],
): number {
  const reserved = refunds
    .filter(({ status }) => isReserving(status))
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return Math.max(0, capturedMinor - reserved);
}

export type RefundRequestDecision =
  | { kind: 'reserve'; amountMinor: number }
  | { kind: 'refused'; refundableMinor: number };

/** Decides on a refund request; without an amount, all that is left. Never exceeds the captured amount. */
export function decideOnRefundRequest(input: {
  capturedMinor: number;
  refunds: readonly { status: RefundStatus; amountMinor: number }[];
  amountMinor: number | undefined;
}): RefundRequestDecision {
  const leftMinor = refundableMinor(input.capturedMinor, input.refunds);
  const amountMinor = input.amountMinor ?? leftMinor;
  return amountMinor > 0 && amountMinor <= leftMinor
    ? { kind: 'reserve', amountMinor }
    : { kind: 'refused', refundableMinor: leftMinor };
}

export type RefundDecision =
  | { kind: 'unchanged' }
  | { kind: 'succeed'; providerRefundNo: string; refundedAt?: string | undefined }
  /** `failed` and `needs_attention` both release the amount. */
  | { kind: 'fail'; status: 'failed' | 'needs_attention'; code: string }
  | { kind: 'review'; reason: 'refund_mismatch' };

/**
 * Decides what a provider's answer means for a refund. The query was sent after the refund was read, so the answer is
 * newer; a bounce may revert a success.
 */
export function decideOnRefundReport(
  refund: { status: RefundStatus; amountMinor: number; currency: string },
  report: RefundReport,
): RefundDecision {
  switch (report.status) {
    case 'pending':
    case 'absent':
    case 'unknown':
      return { kind: 'unchanged' };
    case 'failed':
    case 'needs_attention':
      if (refund.status === report.status) return { kind: 'unchanged' };
      return { kind: 'fail', status: report.status, code: report.code };
    case 'succeeded': {
      if (refund.status === 'succeeded') return { kind: 'unchanged' };
      const isSame =
        report.currency === refund.currency && report.refundedMinor === refund.amountMinor;
      if (!isSame) return { kind: 'review', reason: 'refund_mismatch' };
      const { providerRefundNo, refundedAt } = report;
      return { kind: 'succeed', providerRefundNo, refundedAt };
    }
  }
}
