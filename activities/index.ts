import { releaseEndpoint } from '../db/queries/due-deliveries.ts';
import { expireMessage } from '../db/queries/messaging/expire-message.ts';
import { expireSession } from '../db/queries/messaging/expire-session.ts';
import type { Activities } from '../workflows/activities.ts';
import type { ActivityDeps } from './deps.ts';
import { withFailures } from './failures.ts';
import { askReceiver } from './messaging/ask-receiver.ts';
import { deliverDue } from './notifications/deliver-due.ts';
import { queueReplay } from './notifications/queue-replay.ts';
import { relayEvents } from './notifications/relay-events.ts';
import { askToConfirm } from './orders/ask-to-confirm.ts';
import { carryOutConfirmation } from './orders/carry-out-confirmation.ts';
import { recoverStalled } from './orders/recover-stalled.ts';
import { applyNotification } from './payments/apply-notification.ts';
import { capturePayment } from './payments/capture-payment.ts';
import { closeOpenAttempts, closePayment } from './payments/close-payment.ts';
import { createPayment } from './payments/create-payment.ts';
import { queryPayment } from './payments/query-payment.ts';
import { resolveNotification } from './payments/resolve-notification.ts';
import { resolveReview } from './payments/resolve-review.ts';
import { switchPayment } from './payments/switch-payment.ts';
import { beginScheduled } from '../services/reconciliation/open-scheduled.ts';
import { compareBooks, findWantedStatements } from './reconciliation/compare-books.ts';
import {
  endReconciliation,
  recordReconciliationStatus,
} from './reconciliation/end-reconciliation.ts';
import {
  autoResolveDifference,
  findAutoResolvable,
  recordUnresolved,
} from './reconciliation/auto-resolve-difference.ts';
import { syncSchedules } from './reconciliation/sync-schedules.ts';
import { loadStatement } from './reconciliation/load-statement.ts';
import { settleRefund } from './refunds/settle-refund.ts';

/**
 * Implements the activities that workflows call. The names are registered activity types: see
 * `workflows/activities.ts`.
 */
export function createActivities(deps: ActivityDeps): Activities {
  return withFailures<Activities>(deps, {
    createPayment: (input) => createPayment(deps, input),
    queryPayment: (input) => queryPayment(deps, input),
    closePayment: (input) => closePayment(deps, input),
    applyNotification: (input) => applyNotification(deps, input),
    resolveNotification: (input) => resolveNotification(deps, input),
    capturePayment: (input) => capturePayment(deps, input),
    switchPayment: (input) => switchPayment(deps, input),
    resolveReview: (input) => resolveReview(deps, input),
    closeLeftovers: (input) => closeOpenAttempts(deps, input),
    askToConfirm: (input) => askToConfirm(deps, input),
    carryOutConfirmation: (input) => carryOutConfirmation(deps, input),
    settleRefund: (input) => settleRefund(deps, input),
    loadStatement: (input) => loadStatement(deps, input),
    findWantedStatements: (input) => findWantedStatements(deps, input),
    compareBooks: (input) => compareBooks(deps, input),
    findHealable: (input) => findAutoResolvable(deps, input),
    healDifference: (input) => autoResolveDifference(deps, input),
    noteUnhealed: (input) => recordUnresolved(deps, input),
    noteReconciliation: (input) => recordReconciliationStatus(deps, input),
    endReconciliation: (input) => endReconciliation(deps, input),
    beginScheduled: (input) => beginScheduled(deps, input),
    keepSchedules: () => syncSchedules(deps),
    relayEvents: (input) => relayEvents(deps, input),
    deliverDue: (input) => deliverDue(deps, input),
    queueReplay: (input) => queueReplay(deps, input),
    releaseEndpoint: (input) => releaseEndpoint(deps.db, input),
    askReceiver: (input) => askReceiver(deps, input),
    expireMessage: (input) => expireMessage(deps.db, input),
    expireSession: (input) => expireSession(deps.db, input),
    sweepStragglers: () => recoverStalled(deps),
  });
}
