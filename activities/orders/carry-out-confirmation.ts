import type { OrderId } from '../../domain/ids.ts';
import { hasBeenPaid } from '../../domain/order.ts';
import type { Confirmation } from '../../domain/order.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { capturePayment } from '../payments/capture-payment.ts';
import { closePayment } from '../payments/close-payment.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';
import { beginRefund } from '../../orchestration/start-refund.ts';
import { requestRefund } from '../../services/refunds/request-refund.ts';

/** Records the merchant's answer and carries it out. Every step is idempotent. */
export async function carryOutConfirmation(
  deps: ActivityDeps,
  { orderId, confirmation }: { orderId: OrderId; confirmation: Confirmation },
): Promise<OrderProgress> {
  const isAccepted = confirmation === 'accepted';
  const progress = await commitDecision(deps, {
    read: () => readOrder(deps.db, { orderId }),
    decide: ({ order }) =>
      order.confirmation !== 'awaited'
        ? undefined
        : {
            order: {
              confirmation,
              ...(isAccepted &&
                order.status === 'authorized' && {
                  captureRequestedMinor: order.captureRequestedMinor ?? order.amountMinor,
                }),
            },
            event: { type: isAccepted ? 'order.confirmed' : 'order.rejected' },
          },
  });
  const { order } = await readOrder(deps.db, { orderId });
  if (order.confirmation === 'accepted') {
    return order.status === 'authorized' ? capturePayment(deps, { orderId }) : progress;
  }
  // An authorised payment that turns out to be captured is refunded.
  const { status } =
    order.status === 'authorized'
      ? await closePayment(deps, { orderId, reason: 'rejected' })
      : order;
  if (hasBeenPaid(status)) await refundOrder(deps, { orderId, merchantId: order.merchantId });
  return progressOf(await readOrder(deps.db, { orderId }));
}

async function refundOrder(
  deps: ActivityDeps,
  order: Pick<Parameters<typeof requestRefund>[1], 'orderId' | 'merchantId'>,
): Promise<void> {
  const result = await requestRefund(deps.db, {
    ...order,
    merchantRefundNo: null,
    cause: 'rejected',
    reason: 'The merchant did not accept the order',
  });
  // Nothing is left to refund: an earlier run of this step, or the merchant, has reserved it.
  if (result.kind === 'reserved') beginRefund(deps, result);
}
