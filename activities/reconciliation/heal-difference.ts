import type { DifferenceId, PaymentId, ReconciliationId } from '../../domain/ids.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import {
  listHealable,
  noteHealing,
  overruleEntry,
  readDifference,
} from '../../db/queries/differences.ts';
import type { DifferenceRow } from '../../db/queries/differences.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../payments/apply-report.ts';
import { askProvider, callProvider } from '../payments/ask-provider.ts';
import { closeLeftovers } from '../payments/close-payment.ts';
import { changeOfDispute } from '../payments/change-of-dispute.ts';
import { paymentRef } from '../payments/payment-ref.ts';
import { changeOfProviderRefund } from '../refunds/change-of-provider-refund.ts';

const attempts = 10;
const pageSize = 100;

/** What the next steps of a round are: differences the provider can prove, payments before what can be booked only with them. */
export async function findHealable(
  { db }: ActivityDeps,
  input: { reconciliationId: ReconciliationId; round: number },
) {
  return { differences: await listHealable(db, { ...input, limit: pageSize }) };
}

/**
 * Asks the provider about one difference and applies its answer as any other answer of its: what
 * becomes of late or double money is decided where it always is. Whether that healed the difference,
 * the next comparison says; why it did not, is noted.
 */
export async function healDifference(
  deps: ActivityDeps,
  { differenceId: id, round }: { differenceId: DifferenceId; round: number },
): Promise<{ note: string | null }> {
  const difference = await readDifference(deps.db, { id });
  if (difference.status !== 'open') return { note: null };
  const heal = healers[difference.about];
  if (!heal) throw new Error(`difference ${id} is about nothing that could be asked about`);
  const note = await heal(deps, difference);
  await noteHealing(deps.db, { id, round, note });
  return { note };
}

/** Notes that the provider could not be asked. */
export async function noteUnhealed(
  { db }: ActivityDeps,
  { differenceId: id, ...rest }: { differenceId: DifferenceId; round: number; note: string },
): Promise<void> {
  await noteHealing(db, { id, ...rest });
}

async function healPayment(deps: ActivityDeps, difference: DifferenceRow): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const payment = paymentOf(await readOrder(deps.db, { orderId }), paymentId);
  const report = await askProvider(deps, payment);
  const progress = await applyReport(deps, {
    ...{ orderId, paymentId, report },
    closeReason: 'closed_by_provider',
  });
  if (progress.hasLeftovers) await closeLeftovers(deps, { orderId });
  const after = await readOrder(deps.db, { orderId });
  if (paymentOf(after, paymentId).status === 'succeeded') return null;
  const { reviewReason } = after.order;
  return report.status === 'succeeded' && reviewReason
    ? `The provider confirms it, but contradicts the order: ${reviewReason}. The order is in review.`
    : `Asked about it, the provider says: ${report.status}.`;
}

async function healRefund(deps: ActivityDeps, difference: DifferenceRow): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const { number: refundNo, providerRefundNo } = difference;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await readOrder(deps.db, { orderId });
    const payment = paymentOf(read, paymentId);
    if (payment.status !== 'succeeded') return 'Its payment is not settled here.';
    const { report } = await callProvider(deps, payment, (provider) =>
      provider.queryRefund({ payment: paymentRef(payment), refundNo, providerRefundNo }),
    );
    const change = changeOfProviderRefund({ read, payment, refundNo, report });
    if (change && !(await commitChange(deps.db, { read, change }))) continue;
    if (report.status === 'succeeded') {
      const reviewReason = change?.order.reviewReason;
      return reviewReason
        ? `The provider confirms it, but contradicts our books: ${reviewReason}.`
        : null;
    }
    const known = read.refunds.find((refund) => refund.refundNo === refundNo);
    const ourStatus = change?.refund?.patch.status ?? known?.status;
    // Taken on that day, and not (or no more) done: the newer word of the two is the provider's own.
    if (ourStatus === report.status) {
      await overruleEntry(deps.db, difference);
      return null;
    }
    return `Asked about it, the provider says: ${report.status}.`;
  }
  throw new Error(`order ${orderId} was changed by somebody else ten times in a row`);
}

async function healDispute(deps: ActivityDeps, difference: DifferenceRow): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const { number: disputeNo } = difference;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await readOrder(deps.db, { orderId });
    const payment = paymentOf(read, paymentId);
    if (payment.status !== 'succeeded') return 'Its payment is not settled here.';
    const answer = await callProvider(deps, payment, async (provider) =>
      provider.queryDispute?.({ payment: paymentRef(payment), disputeNo }),
    );
    if (answer?.kind !== 'reported') {
      return `Asked about it, the provider says: ${answer?.providerStatus ?? 'nothing'}.`;
    }
    const change = changeOfDispute({ read, payment, report: answer.report });
    if (!change) return `Asked about it, the provider says: ${answer.report.status}.`;
    if (await commitChange(deps.db, { read, change })) return null;
  }
  throw new Error(`order ${orderId} was changed by somebody else ten times in a row`);
}

const healers: Partial<
  Record<
    DifferenceRow['about'],
    (deps: ActivityDeps, difference: DifferenceRow) => Promise<string | null>
  >
> = { payment: healPayment, refund: healRefund, dispute: healDispute };

function subjectOf({ id, orderId, paymentId }: DifferenceRow) {
  if (!orderId || !paymentId) throw new Error(`difference ${id} is about no payment of ours`);
  return { orderId, paymentId: paymentId satisfies PaymentId };
}
