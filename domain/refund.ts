/**
 * One giving back of money. `needs_attention`: the provider took it on and then could not carry it out, or answers
 * with nothing that anybody understands and knows nothing of it; the money is with the provider and a person must act.
 */
export const refundStatuses = ['pending', 'succeeded', 'failed', 'needs_attention'] as const;
export type RefundStatus = (typeof refundStatuses)[number];

/** Why money is given back: a merchant's request, or a rule of ours. */
export const refundCauses = [
  'requested',
  'late_payment',
  'duplicate_payment',
  'rejected',
  'review',
  'at_provider',
] as const;
export type RefundCause = (typeof refundCauses)[number];

/** What a provider says about one refund, its own words mapped to ours. Amounts in minor units. */
export type RefundReport =
  | { status: 'pending' | 'absent' }
  | { status: 'unknown'; providerStatus: string }
  | { status: 'failed' | 'needs_attention'; code: string; providerRefundNo?: string }
  | {
      status: 'succeeded';
      refundedMinor: number;
      currency: string;
      providerRefundNo: string;
      /** ISO 8601; the provider's own time, when it says one. */
      refundedAt?: string;
    };

/** What is taken up by a refund: its amount may not be given back a second time meanwhile. */
export function isReserving(status: RefundStatus): boolean {
  return status === 'pending' || status === 'succeeded';
}

/** What of a payment can still be given back, refunds under way counted in. */
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

/** Decides on a refund request; without an amount, all that is left. Never more than was taken. */
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
  /** `failed` and `needs_attention` both set the amount free again. */
  | { kind: 'fail'; status: 'failed' | 'needs_attention'; code: string }
  | { kind: 'review'; reason: 'refund_mismatch' };

/**
 * Decides what the provider's answer means for a refund. The answer is always to a question asked
 * after the refund was read, so it is the newer truth: also a success may be taken back by a bounce.
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
