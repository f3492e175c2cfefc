import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import { findPayment } from '../../db/queries/find-payment.ts';
import { lockPayment } from '../../db/queries/lock-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from './apply-report.ts';

/** Asks the provider what became of a payment, and applies the answer. Finds what no notification told. */
export async function queryPayment(
  { db, providers, logger }: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const { order, payment } = await findPayment(db, { orderId });
  if (isEnded(order.status)) return { status: order.status };
  const provider = await providers.get(payment.accountId);
  const { report } = await provider.queryPayment({ outTradeNo: payment.outTradeNo });
  if (report.status === 'unknown') {
    logger.error(
      { orderId, providerStatus: report.providerStatus },
      'a provider status we have no word for',
    );
  }
  return db.transaction(async (tx) => {
    const locked = await lockPayment(tx, { orderId });
    const { status } = await applyReport(tx, { locked, report, closeReason: 'closed_by_provider' });
    return { status };
  });
}
