import { currentPayment, readOrder } from '../../db/queries/read-order.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../deps.ts';
import { startPayOrder } from '../../orchestration/start-pay-order.ts';

/**
 * Starts the workflow of an order again, or finds it running: repeating is safe. Of an order that has ended it does
 * what is left to do, such as closing an attempt that may still bring money, and ends.
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
