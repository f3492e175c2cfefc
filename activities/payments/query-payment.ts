import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import { readPayment } from '../../db/queries/read-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from './apply-report.ts';

/** Asks the provider what became of a payment, and applies the answer. Finds what no notification told. */
export async function queryPayment(
  { db, providers, logger }: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const { order, payment } = await readPayment(db, { orderId });
  if (isEnded(order.status)) return { status: order.status };
  const provider = await providers.get(payment.accountId);
  const { report } = await provider.queryPayment({ outTradeNo: payment.outTradeNo });
  if (report.status === 'unknown') {
    const { providerStatus } = report;
    logger.error({ orderId, providerStatus }, 'a provider status we have no word for');
  }
  return applyReport(db, { orderId, report, closeReason: 'closed_by_provider' });
}
