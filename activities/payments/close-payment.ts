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
 * Closes an order unpaid, if it is unpaid: asks the provider, closes there, asks again; money that is
 * held is let go. Paid always wins, and nothing is closed here that may still be paid there.
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
      giveUpClosing(deps, { payment, error }),
    );
  }
  const isWithoutPayment = progress.status === 'pending' && !isEnded(read.order.status);
  return isWithoutPayment ? closeUnopened(deps, { orderId, reason }) : progress;
}

/** An order whose attempts are all closed, as by a crash in the middle of a switch: nothing can be paid. */
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
  // No clock lets go of held money, also where the provider tells of it only now.
  const isKept = reason === 'expired' && progress.status === 'authorized';
  if (!isStillOpen || isKept || progress.status === 'review' || isEnded(progress.status)) {
    return progress;
  }
  return apply(await closeAtProvider(deps, payment));
}

/** Throws what was thrown, unless nothing is to be hoped for any more: then a person has to look. */
async function giveUpClosing(
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

/** Closes what may still bring money to an order that is done: late authorisations, attempts left behind. */
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
