import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import type { CloseReason } from '../../domain/order.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { readPayment } from '../../db/queries/read-payment.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from './apply-report.ts';

/**
 * Closes an order unpaid, if it is unpaid: asks the provider, closes there, asks again. Paid always
 * wins, and nothing is closed here that may still be paid there.
 */
export async function closePayment(
  { db, providers }: ActivityDeps,
  { orderId, reason }: { orderId: OrderId; reason: CloseReason },
): Promise<OrderProgress> {
  const { order, payment } = await readPayment(db, { orderId });
  if (isEnded(order.status) || order.status === 'review') return { status: order.status };
  const provider = await providers.get(payment.accountId);
  const { outTradeNo } = payment;
  const ask = async () => (await provider.queryPayment({ outTradeNo })).report;

  const apply = (report: ProviderReport) =>
    applyReport(db, { orderId, report, closeReason: reason });

  const before = await apply(await ask());
  if (before.status !== 'pending') return before;
  const closed = await provider.closePayment({ outTradeNo });
  const after = await ask();
  if (after.status === 'succeeded') return apply(after);
  const isClosed =
    after.status === 'closed' || (after.status === 'absent' && closed.kind !== 'paid');
  if (!isClosed) {
    throw new ProviderFault(
      'unknownOutcome',
      'not_closed',
      `the provider answered '${closed.kind}' to the close and '${after.status}' to the query after it`,
    );
  }
  return apply({ status: 'closed' });
}
