import { WorkflowNotFoundError } from '@temporalio/common';
import type { OrderId } from '../../domain/ids.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { signalCommand } from '../../orchestration/signal-command.ts';
import { workflowIds } from '../../workflows/messages.ts';
import type { OrderCommand } from '../../workflows/messages.ts';
import type { ServiceDeps } from '../deps.ts';
import { cancelRunningOrder } from '../../orchestration/cancel-running-order.ts';
import { restartOrder } from './restart-order.ts';

type Deps = Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'publicUrl' | 'logger'>;

/**
 * Tells an order's workflow of every wish that stands in its row; one that is gone, as when it was terminated or
 * Temporal's database was lost, is started first. Saying a wish twice is saying it once.
 */
export async function redeliverCommands(
  deps: Deps,
  { orderId }: { orderId: OrderId },
): Promise<void> {
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
  const wishes: (OrderCommand | false)[] = [
    order.captureRequestedMinor !== null && 'capture',
    order.switchRequestedTo !== null && 'switch',
    order.reviewVerb !== null && 'resolve',
  ];
  for (const wish of wishes) if (wish) await signalCommand({ client, orderId, wish });
}
