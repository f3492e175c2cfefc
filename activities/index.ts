import { releaseEndpoint } from '../db/queries/due-deliveries.ts';
import type { EndpointId, NotificationId, OrderId } from '../domain/ids.ts';
import type { CloseReason } from '../domain/order.ts';
import type { ActivityDeps } from './deps.ts';
import { withFailures } from './failures.ts';
import { deliverDue } from './notifications/deliver-due.ts';
import { relayEvents } from './notifications/relay-events.ts';
import { sweepStragglers } from './orders/sweep-stragglers.ts';
import { applyNotification } from './payments/apply-notification.ts';
import { closePayment } from './payments/close-payment.ts';
import { createPayment } from './payments/create-payment.ts';
import { queryPayment } from './payments/query-payment.ts';

/** Everything workflows can ask for. Each takes one object of ids and plain values, and gives one back. */
export function createActivities(deps: ActivityDeps) {
  return withFailures({
    createPayment: (input: { orderId: OrderId }) => createPayment(deps, input),
    queryPayment: (input: { orderId: OrderId }) => queryPayment(deps, input),
    closePayment: (input: { orderId: OrderId; reason: CloseReason }) => closePayment(deps, input),
    applyNotification: (input: { notificationId: NotificationId }) =>
      applyNotification(deps, input),
    relayEvents: (input: { shard: number }) => relayEvents(deps, input),
    deliverDue: (input: { endpointId: EndpointId }) => deliverDue(deps, input),
    releaseEndpoint: (input: { endpointId: EndpointId }) => releaseEndpoint(deps.db, input),
    sweepStragglers: () => sweepStragglers(deps),
  });
}

export type Activities = ReturnType<typeof createActivities>;
