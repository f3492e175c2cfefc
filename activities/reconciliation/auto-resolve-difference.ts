import type { DifferenceId, PaymentId, ReconciliationId } from '../../domain/ids.ts';
import {
  listAutoResolvable,
  recordAutoResolve,
  overruleEntry,
  readDifference,
} from '../../db/queries/differences.ts';
import type { DifferenceRow } from '../../db/queries/differences.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import type { PaymentRef, Provider } from '../../providers/provider.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider, callProvider } from '../../services/payments/ask-provider.ts';
import { closeOpenAttempts } from '../payments/close-payment.ts';
import { changeOfDispute } from '../../services/payments/change-of-dispute.ts';
import { commitAnswer } from '../../services/payments/commit-decision.ts';
import { paymentRef } from '../../services/payments/payment-ref.ts';
import { changeOfProviderRefund } from '../../services/refunds/change-of-provider-refund.ts';

const pageSize = 100;

/**
 * The next differences of a round to auto-resolve: payments before refunds and disputes that can be booked only after
 * them.
 */
export async function findAutoResolvable(
  { db }: ActivityDeps,
  input: { reconciliationId: ReconciliationId; round: number },
) {
  return { differences: await listAutoResolvable(db, { ...input, limit: pageSize }) };
}

/**
 * Queries the provider about one difference and applies its answer like any other report, so the usual rules decide on
 * late or duplicate money. The next comparison shows whether the difference is resolved; the note says why it is not.
 */
export async function autoResolveDifference(
  deps: ActivityDeps,
  { differenceId: id, round }: { differenceId: DifferenceId; round: number },
): Promise<{ note: string | null }> {
  const difference = await readDifference(deps.db, { id });
  if (difference.status !== 'open') return { note: null };
  const resolve = resolvers[difference.about];
  if (!resolve)
    throw new Error(
      `difference ${id} cannot be auto-resolved: no query exists for ${difference.about}`,
    );
  const note = await resolve(deps, difference);
  await recordAutoResolve(deps.db, { id, round, note });
  return { note };
}

/** Records that the provider could not be queried. */
export async function recordUnresolved(
  { db }: ActivityDeps,
  { differenceId: id, ...rest }: { differenceId: DifferenceId; round: number; note: string },
): Promise<void> {
  await recordAutoResolve(db, { id, ...rest });
}

async function resolvePayment(
  deps: ActivityDeps,
  difference: DifferenceRow,
): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const payment = paymentOf(await readOrder(deps.db, { orderId }), paymentId);
  const report = await askProvider(deps, payment);
  const progress = await applyReport(deps, {
    orderId,
    paymentId,
    report,
    closeReason: 'closed_by_provider',
  });
  if (progress.hasLeftovers) await closeOpenAttempts(deps, { orderId });
  const after = await readOrder(deps.db, { orderId });
  if (paymentOf(after, paymentId).status === 'succeeded') return null;
  const { reviewReason } = after.order;
  return report.status === 'succeeded' && reviewReason
    ? `The provider confirms it, but contradicts the order: ${reviewReason}. The order is in review.`
    : `Asked about it, the provider says: ${report.status}.`;
}

async function resolveRefund(
  deps: ActivityDeps,
  difference: DifferenceRow,
): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const { number: refundNo, providerRefundNo } = difference;
  const { read, answer, change } = await commitAnswer(deps, {
    read: () => readOrder(deps.db, { orderId }),
    ask: (read) =>
      askAbout(deps, paymentOf(read, paymentId), (provider, payment) =>
        provider.queryRefund({ payment, refundNo, providerRefundNo }),
      ),
    decide: (read, answer) =>
      answer &&
      changeOfProviderRefund({
        read,
        payment: paymentOf(read, paymentId),
        refundNo,
        report: answer.report,
      }),
  });
  if (!answer) return unsettled;
  const { report } = answer;
  if (report.status === 'succeeded') {
    const reviewReason = change?.order.reviewReason;
    return reviewReason
      ? `The provider confirms it, but contradicts our books: ${reviewReason}.`
      : null;
  }
  const known = read.refunds.find((refund) => refund.refundNo === refundNo);
  const ourStatus = change?.refund?.patch.status ?? known?.status;
  // The money moved on that day, but the refund is not (or no longer) done: the provider's own answer is newer.
  if (ourStatus === report.status) {
    await overruleEntry(deps.db, difference);
    return null;
  }
  return `Asked about it, the provider says: ${report.status}.`;
}

async function resolveDispute(
  deps: ActivityDeps,
  difference: DifferenceRow,
): Promise<string | null> {
  const { orderId, paymentId } = subjectOf(difference);
  const { number: disputeNo } = difference;
  const { answer, change } = await commitAnswer(deps, {
    read: () => readOrder(deps.db, { orderId }),
    ask: (read) =>
      askAbout(deps, paymentOf(read, paymentId), async (provider, payment) =>
        provider.queryDispute?.({ payment, disputeNo }),
      ),
    decide: (read, answer) =>
      answer?.kind === 'reported'
        ? changeOfDispute({ read, payment: paymentOf(read, paymentId), report: answer.report })
        : undefined,
  });
  if (!answer) return unsettled;
  if (change) return null;
  const status = answer.kind === 'reported' ? answer.report.status : answer.providerStatus;
  return `Asked about it, the provider says: ${status}.`;
}

const unsettled = 'Its payment is not settled here.';

/** Refunds and disputes cannot be judged before their payment is booked. */
async function askAbout<T>(
  deps: ActivityDeps,
  payment: PaymentRow,
  ask: (provider: Provider, payment: PaymentRef) => Promise<T>,
): Promise<T | undefined> {
  if (payment.status !== 'succeeded') return undefined;
  return callProvider(deps, payment, (provider) => ask(provider, paymentRef(payment)));
}

const resolvers: Partial<
  Record<
    DifferenceRow['about'],
    (deps: ActivityDeps, difference: DifferenceRow) => Promise<string | null>
  >
> = { payment: resolvePayment, refund: resolveRefund, dispute: resolveDispute };

function subjectOf({ id, orderId, paymentId }: DifferenceRow) {
  if (!orderId || !paymentId) throw new Error(`difference ${id} has no payment of ours`);
  return { orderId, paymentId: paymentId satisfies PaymentId };
}
