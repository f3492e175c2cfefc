import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import { isOpen } from '../../domain/payment.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider } from '../../services/payments/ask-provider.ts';
import { progressOf } from '../../services/payments/commit-decision.ts';

/** Queries an order's open payments at their providers and applies the answers, in case no notification arrived. */
export async function queryPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const read = await readOrder(deps.db, { orderId });
  let progress = progressOf(read);
  if (isEnded(read.order.status)) return progress;
  for (const payment of read.payments.filter(({ status }) => isOpen(status))) {
    const report = await askProvider(deps, payment);
    progress = await applyReport(deps, {
      orderId,
      paymentId: payment.id,
      report,
      closeReason: 'closed_by_provider',
    });
  }
  return progress;
}
