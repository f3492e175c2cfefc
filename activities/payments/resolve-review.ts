import type { OrderId } from '../../domain/ids.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { decideOnReview } from '../../domain/review.ts';
import type { ReviewDecision } from '../../domain/review.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import { currentPayment, paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { changeOfGivenBack } from '../../services/refunds/change-of-given-back.ts';
import { isWhollyGivenBack } from '../../services/payments/apply-report.ts';
import { askProvider } from '../../services/payments/ask-provider.ts';
import {
  awaitedConfirmation,
  noCommands,
  surplusRefund,
} from '../../services/payments/change-of-report.ts';
import { closeAtProvider } from '../../services/payments/close-at-provider.ts';
import { noReview } from '../../services/payments/in-review.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';
import { postingsOfCapture } from '../../services/payments/postings.ts';

/** Carries out a person's decision on an order in review, if it fits the provider's current report. */
export async function resolveReview(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const first = await readOrder(deps.db, { orderId });
  const verb = first.order.reviewVerb;
  if (first.order.status !== 'review' || verb === null) return progressOf(first);
  const { payment: reviewed, report: before } = await findDoubtful(deps, first);
  const { id: paymentId } = reviewed;
  const isToClose = verb === 'close' && before.status !== 'succeeded';
  const report = isToClose ? await closeAtProvider(deps, reviewed).catch(refusalOf) : before;
  const { reviewReason: reason } = first.order;
  const decision: ReviewDecision =
    'code' in report
      ? { kind: 'refused', why: report.code }
      : decideOnReview(verb, { ...reviewed, reason }, report);
  if (decision.kind === 'refused') {
    deps.logger.warn(
      { orderId, verb, why: decision.why },
      'the review could not be resolved this way',
    );
  }
  const isGivenBack = !('code' in report) && isWhollyGivenBack(report);
  const read = () => readOrder(deps.db, { orderId });
  const progress = await commitDecision(deps, {
    first,
    read,
    decide: (read) =>
      read.order.status === 'review' && read.order.reviewVerb === verb
        ? changeOfReview(read, paymentOf(read, paymentId), { decision, isGivenBack })
        : undefined,
  });
  if (!isGivenBack) return progress;
  return commitDecision(deps, {
    read,
    decide: (read) => changeOfGivenBack({ read, payment: paymentOf(read, paymentId) }),
  });
}

/** A refusal to close is the person's answer at once; only a close that was never executed is retried. */
function refusalOf(error: unknown): { code: string } {
  if (!(error instanceof ProviderFault) || error.kind === 'retryable') throw error;
  return { code: error.code };
}

/** The attempt with money at the provider that the ledger does not have; else the current one. */
async function findDoubtful(
  deps: ActivityDeps,
  read: OrderRead,
): Promise<{ payment: PaymentRow; report: ProviderReport }> {
  const { reviewFacts } = read.order;
  // The decision is about the payment that the review shows.
  const shown = read.payments.find(({ id }) => id === reviewFacts?.paymentId);
  if (shown) return { payment: shown, report: await askProvider(deps, shown) };
  const current = currentPayment(read);
  // After a switch it may be an earlier attempt; the newest is queried first.
  const others = read.payments.filter(
    ({ id, status }) => id !== current.id && status !== 'succeeded' && status !== 'failed',
  );
  const report = await askProvider(deps, current);
  if (report.status === 'succeeded') return { payment: current, report };
  for (const payment of others.toReversed()) {
    const other = await askProvider(deps, payment);
    if (other.status === 'succeeded') return { payment, report: other };
  }
  return { payment: current, report };
}

/** Keeps the reason, so that a repeated report of money that was dealt with raises no new review. */
const resolved = { ...noCommands, reviewFacts: null };

function changeOfReview(
  read: OrderRead,
  payment: PaymentRow,
  { decision, isGivenBack }: { decision: ReviewDecision; isGivenBack: boolean },
): Change {
  const at = new Date();
  const { id } = payment;
  switch (decision.kind) {
    case 'refused':
      return {
        order: { reviewVerb: null, commandedAt: null, failureCode: decision.why },
        event: null,
      };
    case 'close':
      return {
        order: {
          ...noCommands,
          // The provider has no money for it, so a later report of money raises a new review.
          ...noReview,
          status: 'closed',
          closedAt: at,
          closeReason: 'cancelled',
        },
        payment: { id, patch: { status: 'closed' } },
        event: { type: 'order.closed', about: id },
      };
    case 'dismiss':
      return {
        order: {
          ...resolved,
          status: 'closed',
          closedAt: at,
          closeReason: 'dismissed_in_review',
        },
        payment: { id, patch: { status: 'closed' } },
        event: { type: 'order.review_resolved', about: id },
      };
    case 'accept': {
      const { capturedMinor } = decision;
      return {
        order: {
          ...noCommands,
          status: 'paid',
          paidAt: at,
          capturedMinor,
          ...noReview,
          failureCode: null,
          ...awaitedConfirmation(read.order),
        },
        payment: { id, patch: settled(decision, at) },
        ledger: {
          accountId: payment.accountId,
          postings: postingsOfCapture(read, payment, capturedMinor, undefined),
        },
        event: { type: 'order.paid', about: id },
      };
    }
    case 'refund': {
      const { capturedMinor } = decision;
      const refund = isGivenBack
        ? undefined
        : surplusRefund(read, payment, capturedMinor, 'review');
      const postings = postingsOfCapture(read, payment, capturedMinor, refund);
      return {
        order: {
          ...resolved,
          status: 'closed',
          closedAt: at,
          capturedMinor,
          closeReason: 'refunded_in_review',
        },
        payment: { id, patch: { ...settled(decision, at), surplus: 'review' } },
        newRefund: refund,
        ledger: { accountId: payment.accountId, postings },
        event: { type: 'order.review_resolved', about: id },
      };
    }
  }
}

function settled(decision: { capturedMinor: number; providerTradeNo: string }, settledAt: Date) {
  const { capturedMinor, providerTradeNo } = decision;
  return { status: 'succeeded' as const, capturedMinor, providerTradeNo, settledAt };
}
