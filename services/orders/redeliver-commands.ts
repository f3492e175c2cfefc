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
 * Signals every command in an order's row to its workflow. A missing workflow, as after a termination or the loss of
 * Temporal's database, is started first. Idempotent.
 */
export async function redeliverCommands(
  deps: Deps,
  { orderId }: { orderId: OrderId },
): Promise<void> {
  try {
    await deliver(deps, orderId);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await restartOrder(deps, { orderId });
    deps.logger.error(
      {
        event: 'workflow.restarted',
        workflowId: workflowIds.payOrder(orderId),
        status: 'NOT_RUNNING',
      },
      'an order with a command had no workflow; it was restarted',
    );
    await deliver(deps, orderId);
  }
}

async function deliver({ db, client }: Deps, orderId: OrderId): Promise<void> {
  const { order } = await readOrder(db, { orderId });
  if (order.cancelRequestedAt) await cancelRunningOrder({ client, orderId });
  const commands: (OrderCommand | false)[] = [
    order.captureRequestedMinor !== null && 'capture',
    order.switchRequestedTo !== null && 'switch',
    order.reviewVerb !== null && 'resolve',
  ];
  for (const command of commands) {
    if (command) await signalCommand({ client, orderId, command });
  }
}
