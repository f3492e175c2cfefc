import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import type { CloseReason } from '../../domain/order.ts';
import { isOpen } from '../../domain/payment.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider } from '../../services/payments/ask-provider.ts';
import { closeAtProvider } from '../../services/payments/close-at-provider.ts';
import { changeOfReport, noCommands } from '../../services/payments/change-of-report.ts';
import { exhaustedCode } from '../../services/payments/exhausted-code.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';

/**
 * Closes an unpaid order: queries the provider, closes there (or voids the authorisation), queries again. A payment
 * always wins, and nothing is closed here that can still be paid there.
 */
export async function closePayment(
  deps: ActivityDeps,
  { orderId, reason }: { orderId: OrderId; reason: CloseReason },
): Promise<OrderProgress> {
  const read = await readOrder(deps.db, { orderId });
  let progress = progressOf(read);
  for (const payment of read.payments.filter(({ status }) => isOpen(status))) {
    if (isEnded(progress.status) || progress.status === 'review') return progress;
    progress = await closeOne(deps, { payment, reason }).catch((error: unknown) =>
      reviewIfExhausted(deps, { payment, error }),
    );
  }
  const isWithoutPayment = progress.status === 'pending' && !isEnded(read.order.status);
  return isWithoutPayment ? closeUnopened(deps, { orderId, reason }) : progress;
}

/** Closes an order whose attempts are all closed, as after a crash during a switch: nothing can be paid. */
function closeUnopened(
  deps: ActivityDeps,
  { orderId, reason }: { orderId: OrderId; reason: CloseReason },
): Promise<OrderProgress> {
  return commitDecision(deps, {
    read: () => readOrder(deps.db, { orderId }),
    decide: ({ order, payments }) =>
      order.status !== 'pending' || payments.some(({ status }) => isOpen(status))
        ? undefined
        : {
            order: { ...noCommands, status: 'closed', closedAt: new Date(), closeReason: reason },
            event: { type: 'order.closed' },
          },
  });
}

async function closeOne(
  deps: ActivityDeps,
  { payment, reason }: { payment: PaymentRow; reason: CloseReason },
): Promise<OrderProgress> {
  const { id: paymentId, orderId } = payment;
  const apply = (report: Parameters<typeof applyReport>[1]['report']) =>
    applyReport(deps, { orderId, paymentId, report, closeReason: reason });
  const before = await askProvider(deps, payment);
  const progress = await apply(before);
  const isStillOpen = before.status !== 'succeeded' && before.status !== 'closed';
  // The deadline does not void an authorised payment, even if the provider reports it only now.
  const isKept = reason === 'expired' && progress.status === 'authorized';
  if (!isStillOpen || isKept || progress.status === 'review' || isEnded(progress.status)) {
    return progress;
  }
  return apply(await closeAtProvider(deps, payment));
}

/** Rethrows the error, unless retrying is hopeless: then the order goes to review. */
async function reviewIfExhausted(
  deps: ActivityDeps,
  { payment, error }: { payment: PaymentRow; error: unknown },
): Promise<OrderProgress> {
  const { id: paymentId, orderId } = payment;
  const { order } = await readOrder(deps.db, { orderId });
  const code = exhaustedCode(error, { since: order.cancelRequestedAt ?? order.expiresAt });
  if (code === undefined) throw error;
  return commitDecision(deps, {
    read: () => readOrder(deps.db, { orderId }),
    decide: (read) => {
      const change = changeOfReport({
        read,
        payment: paymentOf(read, paymentId),
        closeReason: 'cancelled',
        source: {},
        decision: { kind: 'review', reason: 'close_refused' },
      });
      return change && { ...change, order: { ...change.order, failureCode: code } };
    },
  });
}

/** Closes the open attempts of an ended order: late authorisations, and attempts left by a crash. */
export async function closeOpenAttempts(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const read = await readOrder(deps.db, { orderId });
  let progress = progressOf(read);
  if (!isEnded(read.order.status)) return progress;
  for (const payment of read.payments.filter(({ status }) => isOpen(status))) {
    const report = await closeAtProvider(deps, payment);
    progress = await applyReport(deps, {
      orderId,
      paymentId: payment.id,
      report,
      closeReason: 'closed_by_provider',
    });
  }
  return progress;
}
