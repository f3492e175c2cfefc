import { crashPoint } from '../../config/crash-points.ts';
import { decideOnRefusal } from '../../domain/order.ts';
import type { OrderId } from '../../domain/ids.ts';
import { isOpen } from '../../domain/payment.ts';
import { changeOrder } from '../../db/queries/change-order.ts';
import { findPayment } from '../../db/queries/find-payment.ts';
import { lockPayment } from '../../db/queries/lock-payment.ts';
import { offerPayment } from '../../db/queries/offer-payment.ts';
import { updatePayment } from '../../db/queries/update-payment.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { CreatePaymentResult } from '../../providers/provider.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { queryPayment } from './query-payment.ts';

/**
 * Opens the payment at its provider and stores what the payer has to do. Repeating it is safe: the
 * payment's number was stored with the order, and the provider answers the same number the same.
 */
export async function createPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const { db, providers, publicUrl } = deps;
  const { order, payment } = await findPayment(db, { orderId });
  // Opened by an attempt whose answer was lost, or decided by an early notification.
  if (payment.status !== 'created') return { status: order.status };
  const provider = await providers.get(payment.accountId);
  const answer = await provider
    .createPayment({
      outTradeNo: payment.outTradeNo,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      subject: order.subject,
      expiresAt: order.expiresAt.toISOString(),
      notifyUrl: `${publicUrl}/providers/${payment.accountId}/notifications`,
    })
    .catch((error: unknown) => asRefusal(deps, error));
  crashPoint('payment.created-at-provider');
  switch (answer.kind) {
    case 'created':
      await offerPayment(db, { orderId, paymentId: payment.id, nextAction: answer.nextAction });
      return { status: order.status };
    case 'declined':
      return failPayment(deps, { orderId, failureCode: answer.code });
    case 'invalidState':
      // The number is known there in another state: what became of it is the provider's to say.
      return queryPayment(deps, { orderId });
  }
}

/** With our own keys refused nothing was executed and no retry helps: the order fails at once, loudly. */
function asRefusal({ logger }: ActivityDeps, error: unknown): CreatePaymentResult {
  if (!(error instanceof ProviderFault) || error.kind !== 'misconfigured') throw error;
  logger.error({ code: error.code, message: error.message }, 'the provider refuses our account');
  return { kind: 'declined', code: error.code, message: error.message };
}

function failPayment(
  { db }: ActivityDeps,
  { orderId, failureCode }: { orderId: OrderId; failureCode: string },
): Promise<OrderProgress> {
  return db.transaction(async (tx) => {
    const locked = await lockPayment(tx, { orderId });
    const change = decideOnRefusal(locked.order);
    if (change.kind === 'none' || !isOpen(locked.payment.status)) {
      return { status: locked.order.status };
    }
    const payment = {
      ...locked.payment,
      status: 'failed' as const,
      failureCode,
      provider: locked.provider,
    };
    await updatePayment(tx, payment);
    const { order, shard } = locked;
    await changeOrder(tx, { order, shard, payment, change, at: new Date(), failureCode });
    return { status: change.status };
  });
}
