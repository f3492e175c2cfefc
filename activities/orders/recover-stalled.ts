import { findStalled } from '../../db/queries/find-stalled.ts';
import { recordHeartbeat } from '../../db/queries/heartbeats.ts';
import { markRecovered } from '../../db/queries/mark-recovered.ts';
import type { OrderId, RefundId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import type { RecoveryResult } from '../../workflows/activities.ts';
import type { ActivityDeps } from '../deps.ts';
import { restartEndedWorkflows } from '../../services/recovery/restart-ended-workflows.ts';
import { restartConversations } from '../../services/messaging/restart-conversations.ts';
import { startReplay } from '../../orchestration/start-replay.ts';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';
import { signalOrder } from '../../orchestration/signal-order.ts';
import { startRefund } from '../../orchestration/start-refund.ts';
import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import { restartOrder } from '../../services/orders/restart-order.ts';

// Younger work is still in progress in some process.
const graceSeconds = 5;

/**
 * Starts, signals and redelivers accepted work that has stalled. Idempotent: a running workflow is only found running.
 * The next run retries what fails.
 */
export async function recoverStalled(deps: ActivityDeps): Promise<RecoveryResult> {
  const { db, client, taskQueue, logger } = deps;
  await recordHeartbeat(db, { workflowId: workflowIds.sweep });
  // Before the rows are read: workflows restarted because of their rows raise no alert.
  const { restarted } = await restartEndedWorkflows(deps).catch((error: unknown) => {
    logger.warn({ err: error }, 'ended workflows could not be listed; the next run retries');
    return { restarted: 0 };
  });
  const found = await findStalled(db, { graceSeconds });
  // An endpoint with an active run has overdue work by design; the run handles it.
  const endpoints = found.endpoints.filter((endpointId) => !deps.runs.isUnderWay(endpointId));
  const conversations = await restartConversations(deps, { graceSeconds });
  const counts = {
    ...conversations,
    notifications: found.notifications.length,
    orders: found.orders.length,
    commands: found.commands.length,
    refunds: found.refunds.length,
    endpoints: endpoints.length,
    replays: found.replays.length,
  };
  const recovered: OrderId[] = [];
  const recoveredRefunds: RefundId[] = [];
  // Orders first: a notification may be for an order whose workflow never started.
  const steps: (() => Promise<void>)[] = [
    ...found.orders.map((orderId) => async () => {
      await restartOrder(deps, { orderId });
      recovered.push(orderId);
    }),
    ...found.notifications.map(({ id, ...about }) => {
      return () => signalOrder({ client, taskQueue, ...about, notificationId: id });
    }),
    ...found.commands.map((orderId) => async () => {
      await redeliverCommands(deps, { orderId });
      recovered.push(orderId);
    }),
    ...found.refunds.map((refundId) => async () => {
      await startRefund({ client, taskQueue, refundId, summary: `Restarted: ${refundId}` });
      recoveredRefunds.push(refundId);
    }),
    ...endpoints.map((endpointId) => () => signalEndpoint({ client, taskQueue, endpointId })),
    ...found.replays.map((replayId) => () => startReplay({ client, taskQueue, replayId })),
  ];
  let failed = 0;
  for (const step of steps) {
    await step().catch((error: unknown) => {
      failed += 1;
      logger.warn({ err: error }, 'stalled work could not be recovered; the next run retries');
    });
  }
  // Only these are marked, so that the next run retries what could not be started, instead of the one in five minutes.
  await markRecovered(db, { orderIds: recovered, refundIds: recoveredRefunds });
  if (steps.length > 0) logger.info({ ...counts, restarted, failed }, 'recovered stalled work');
  return { ...counts, restarted, failed };
}
