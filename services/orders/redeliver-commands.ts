import { WorkflowNotFoundError } from '@temporalio/common';
import type { OrderId } from '../../domain/ids.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { wished, workflowIds } from '../../workflows/messages.ts';
import type { OrderWish } from '../../workflows/messages.ts';
import type { payOrder } from '../../workflows/pay-order.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { cancelRunningOrder } from '../../orchestration/cancel-running-order.ts';
import { restartOrder } from './restart-order.ts';

type Deps = Pick<ActivityDeps, 'db' | 'client' | 'taskQueue' | 'publicUrl' | 'logger'>;

/**
 * Tells an order's workflow of every wish that stands in its row; one that is gone, as when it was terminated or
 * Temporal's database was lost, is started first. Saying a wish twice is saying it once.
 */
export async function sayWishes(deps: Deps, { orderId }: { orderId: OrderId }): Promise<void> {
  try {
    await tell(deps, orderId);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await restartOrder(deps, { orderId });
    deps.logger.error(
      {
        event: 'workflow.restarted',
        workflowId: workflowIds.payOrder(orderId),
        status: 'NOT_RUNNING',
      },
      'an order with a wish had no workflow; it was started again',
    );
    await tell(deps, orderId);
  }
}

async function tell({ db, client }: Deps, orderId: OrderId): Promise<void> {
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
