import { releaseEndpoint } from '../db/queries/due-deliveries.ts';
import { expireMessage } from '../db/queries/messaging/expire-message.ts';
import { expireSession } from '../db/queries/messaging/expire-session.ts';
import type {
  AccountId,
  DifferenceId,
  EndpointId,
  MessageId,
  NotificationId,
  OrderId,
  ReconciliationId,
  RefundId,
  ReplayId,
  SessionId,
} from '../domain/ids.ts';
import type { CloseReason, Confirmation } from '../domain/order.ts';
import type { ActivityDeps } from './deps.ts';
import { withFailures } from './failures.ts';
import { askReceiver } from './messaging/ask-receiver.ts';
import { deliverDue } from './notifications/deliver-due.ts';
import { queueReplay } from './notifications/queue-replay.ts';
import { relayEvents } from './notifications/relay-events.ts';
import { askToConfirm } from './orders/ask-to-confirm.ts';
import { carryOutConfirmation } from './orders/carry-out-confirmation.ts';
import { sweepStragglers } from './orders/recover-stalled.ts';
import { applyNotification } from './payments/apply-notification.ts';
import { capturePayment } from './payments/capture-payment.ts';
import { closeLeftovers, closePayment } from './payments/close-payment.ts';
import { createPayment } from './payments/create-payment.ts';
import { queryPayment } from './payments/query-payment.ts';
import { resolveNotification } from './payments/resolve-notification.ts';
import { resolveReview } from './payments/resolve-review.ts';
import { switchPayment } from './payments/switch-payment.ts';
import { beginScheduled } from './reconciliation/begin-scheduled.ts';
import { compareBooks, findWantedStatements } from './reconciliation/compare-books.ts';
import { endReconciliation, noteReconciliation } from './reconciliation/end-reconciliation.ts';
import {
  findHealable,
  healDifference,
  noteUnhealed,
} from './reconciliation/auto-resolve-difference.ts';
import { keepSchedules } from './reconciliation/sync-schedules.ts';
import { loadStatement } from './reconciliation/load-statement.ts';
import { settleRefund } from './refunds/settle-refund.ts';

/** Everything workflows can ask for. Each takes one object of ids and plain values, and gives one back. */
export function createActivities(deps: ActivityDeps) {
  return withFailures(deps, {
    createPayment: (input: { orderId: OrderId }) => createPayment(deps, input),
    queryPayment: (input: { orderId: OrderId }) => queryPayment(deps, input),
    closePayment: (input: { orderId: OrderId; reason: CloseReason }) => closePayment(deps, input),
    applyNotification: (input: { notificationId: NotificationId }) =>
      applyNotification(deps, input),
    resolveNotification: (input: { notificationId: NotificationId }) =>
      resolveNotification(deps, input),
    capturePayment: (input: { orderId: OrderId }) => capturePayment(deps, input),
    switchPayment: (input: { orderId: OrderId }) => switchPayment(deps, input),
    resolveReview: (input: { orderId: OrderId }) => resolveReview(deps, input),
    closeLeftovers: (input: { orderId: OrderId }) => closeLeftovers(deps, input),
    askToConfirm: (input: { orderId: OrderId }) => askToConfirm(deps, input),
    carryOutConfirmation: (input: { orderId: OrderId; confirmation: Confirmation }) =>
      carryOutConfirmation(deps, input),
    settleRefund: (input: { refundId: RefundId; notificationIds: NotificationId[] }) =>
      settleRefund(deps, input),
    loadStatement: (input: { accountId: AccountId; date: string }) => loadStatement(deps, input),
    findWantedStatements: (input: { reconciliationId: ReconciliationId }) =>
      findWantedStatements(deps, input),
    compareBooks: (input: { reconciliationId: ReconciliationId }) => compareBooks(deps, input),
    findHealable: (input: { reconciliationId: ReconciliationId; round: number }) =>
      findHealable(deps, input),
    healDifference: (input: { differenceId: DifferenceId; round: number }) =>
      healDifference(deps, input),
    noteUnhealed: (input: { differenceId: DifferenceId; round: number; note: string }) =>
      noteUnhealed(deps, input),
    noteReconciliation: (input: {
      reconciliationId: ReconciliationId;
      status: 'running' | 'waiting';
    }) => noteReconciliation(deps, input),
    endReconciliation: (input: { reconciliationId: ReconciliationId; failure: string | null }) =>
      endReconciliation(deps, input),
    beginScheduled: (input: { accountId: AccountId; scheduledAtMs: number }) =>
      beginScheduled(deps, input),
    keepSchedules: () => keepSchedules(deps),
    relayEvents: (input: { shard: number }) => relayEvents(deps, input),
    deliverDue: (input: { endpointId: EndpointId }) => deliverDue(deps, input),
    queueReplay: (input: { replayId: ReplayId }) => queueReplay(deps, input),
    releaseEndpoint: (input: { endpointId: EndpointId }) => releaseEndpoint(deps.db, input),
    askReceiver: (input: { messageId: MessageId }) => askReceiver(deps, input),
    expireMessage: (input: { messageId: MessageId }) => expireMessage(deps.db, input),
    expireSession: (input: { sessionId: SessionId }) => expireSession(deps.db, input),
    sweepStragglers: () => sweepStragglers(deps),
  });
}

export type Activities = ReturnType<typeof createActivities>;
