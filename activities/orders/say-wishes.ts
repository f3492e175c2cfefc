import type { OrderId } from '../../domain/ids.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { wished, workflowIds } from '../../workflows/messages.ts';
import type { OrderWish } from '../../workflows/messages.ts';
import type { payOrder } from '../../workflows/pay-order.ts';
import type { ActivityDeps } from '../deps.ts';
import { cancelRunningOrder } from './cancel-running-order.ts';

/** Tells an order's workflow of every wish that stands in its row. Saying one twice is saying it once. */
export async function sayWishes(
  { db, client }: Pick<ActivityDeps, 'db' | 'client'>,
  { orderId }: { orderId: OrderId },
): Promise<void> {
  const { order } = await readOrder(db, { orderId });
  if (order.cancelRequestedAt) await cancelRunningOrder({ client, orderId });
  const wishes: (OrderWish | false)[] = [
    order.captureRequestedMinor !== null && 'capture',
    order.switchRequestedTo !== null && 'switch',
    order.reviewVerb !== null && 'resolve',
  ];
  const handle = client.workflow.getHandle<typeof payOrder>(workflowIds.payOrder(orderId));
  for (const wish of wishes) if (wish) await handle.signal(wished, { wish });
}
