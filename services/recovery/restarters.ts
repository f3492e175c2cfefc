import { lookUpEndpoint } from '../../db/queries/endpoints.ts';
import { lookUpMessage } from '../../db/queries/messaging/find-message.ts';
import { lookUpSession } from '../../db/queries/messaging/read-session.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { findDay } from '../../db/queries/reconciliations.ts';
import { isRefundPending } from '../../db/queries/find-refund.ts';
import { isId } from '../../domain/ids.ts';
import type { OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import type { EndedRun } from '../../orchestration/ended-runs.ts';
import type { ServiceDeps } from '../deps.ts';
import { startExchange } from '../../orchestration/start-exchange.ts';
import { startSession } from '../../orchestration/start-session.ts';
import { startReplay } from '../../orchestration/start-replay.ts';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';
import { restartOrder } from '../orders/restart-order.ts';
import { redeliverCommands } from '../orders/redeliver-commands.ts';
import { progressOf } from '../payments/commit-decision.ts';
import { startReconciliation } from '../../orchestration/start-reconciliation.ts';
import { beginScheduled } from '../reconciliation/open-scheduled.ts';
import { startRefund } from '../../orchestration/start-refund.ts';

export type RestarterDeps = Pick<
  ServiceDeps,
  'db' | 'client' | 'taskQueue' | 'publicUrl' | 'logger'
>;

/** Restarts a workflow if its rows show work left. Returns whether it did. */
export type Restarter = (
  deps: RestarterDeps,
  run: Pick<EndedRun, 'workflowId' | 'startedAtMs'>,
) => Promise<boolean>;

/** By workflow type: all with a limited task. Workers keep the required workflows running. */
export const restarters: Readonly<Record<string, Restarter>> = {
  payOrder: (deps, { workflowId }) => restartOrderOf(deps, partOf(workflowId, 1)),
  // The recovery job redelivers reports that were not applied; this restarts the work that follows from them.
  settleLate: (deps, { workflowId }) => restartOrderOf(deps, partOf(workflowId, 1)),
  async refundPayment({ db, client, taskQueue }, { workflowId }) {
    const refundId = partOf(workflowId, 1);
    if (!isId('refund', refundId) || !(await isRefundPending(db, { refundId }))) return false;
    await startRefund({ client, taskQueue, refundId, summary: `Started again: ${refundId}` });
    return true;
  },
  async deliverToEndpoint({ db, client, taskQueue }, { workflowId }) {
    const endpointId = partOf(workflowId, 1);
    if (!isId('endpoint', endpointId) || !(await lookUpEndpoint(db, { endpointId }))) return false;
    await signalEndpoint({ client, taskQueue, endpointId });
    return true;
  },
  async replayEvents({ client, taskQueue }, { workflowId }) {
    const replayId = partOf(workflowId, 1);
    if (!isId('replay', replayId)) return false;
    await startReplay({ client, taskQueue, replayId });
    return true;
  },
  async exchangeMessage({ db, client, taskQueue }, { workflowId }) {
    const messageId = partOf(workflowId, 1);
    const message = isId('message', messageId) && (await lookUpMessage(db, { messageId }));
    if (!message || message.status !== 'pending') return false;
    await startExchange({ client, taskQueue, message, isRestart: true });
    return true;
  },
  async holdSession({ db, client, taskQueue }, { workflowId }) {
    const sessionId = partOf(workflowId, 1);
    const session = isId('session', sessionId) && (await lookUpSession(db, { sessionId }));
    if (!session || session.status !== 'open') return false;
    await startSession({ client, taskQueue, session });
    return true;
  },
  async reconcileStatement({ db, client, taskQueue }, { workflowId }) {
    const [accountId, date] = [partOf(workflowId, 1), partOf(workflowId, 2)];
    if (!isId('account', accountId)) return false;
    const run = await findDay(db, { accountId, date });
    if (run?.status !== 'running' && run?.status !== 'waiting') return false;
    await startReconciliation({ client, taskQueue, run });
    return true;
  },
  async reconcileYesterday(deps, { workflowId, startedAtMs }) {
    // A schedule appends its scheduled time: `reconcile-daily/acc_…-2026-11-29T01:30:00Z`.
    const [accountId = '', ...time] = partOf(workflowId, 1).split('-');
    if (!isId('account', accountId)) return false;
    const scheduledAtMs = Date.parse(time.join('-'));
    await beginScheduled(deps, {
      accountId,
      scheduledAtMs: Number.isNaN(scheduledAtMs) ? startedAtMs : scheduledAtMs,
    });
    return true;
  },
};

/** `order/ord_…/late` is `order`, `ord_…`, `late`. */
const partOf = (workflowId: string, index: number) => workflowId.split('/')[index] ?? '';

async function restartOrderOf(deps: RestarterDeps, orderId: string): Promise<boolean> {
  if (!isId('order', orderId)) return false;
  if (!(await hasMoreToDo(deps, orderId))) return false;
  await restartOrder(deps, { orderId });
  await redeliverCommands(deps, { orderId });
  return true;
}

async function hasMoreToDo({ db }: RestarterDeps, orderId: OrderId): Promise<boolean> {
  const {
    status,
    hasLeftovers: hasOpenAttempts,
    confirmWithinMs,
  } = progressOf(await readOrder(db, { orderId }));
  return !isEnded(status) || hasOpenAttempts === true || confirmWithinMs !== undefined;
}
