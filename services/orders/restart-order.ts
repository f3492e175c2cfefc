import { currentPayment, readOrder } from '../../db/queries/read-order.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../deps.ts';
import { startPayOrder } from '../../orchestration/start-pay-order.ts';

/**
 * Restarts the workflow of an order, or finds it running; idempotent. For an ended order it finishes what is left, such
 * as closing open attempts.
 */
export async function restartOrder(
  deps: Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'publicUrl'>,
  { orderId }: { orderId: OrderId },
): Promise<void> {
  const read = await readOrder(deps.db, { orderId });
  const { order } = read;
  const { provider } = currentPayment(read);
  await startPayOrder({
    client: deps.client,
    taskQueue: deps.taskQueue,
    isShared: false,
    isRestart: true,
    publicUrl: deps.publicUrl,
    order: { ...order, provider, expiresAt: order.expiresAt.toISOString() },
  });
}
