import { sql } from 'drizzle-orm';
import type { NotificationId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { EventType } from '../../domain/events.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';
import { statement } from '../statement.ts';
import { newEvent } from './new-event.ts';
import type { PaymentRead } from './read-payment.ts';

type OrderPatch = Partial<
  Pick<
    PaymentRead['order'],
    'status' | 'paidAt' | 'closedAt' | 'closeReason' | 'reviewReason' | 'failureCode'
  >
>;
type PaymentPatch = Partial<
  Pick<
    PaymentRead['payment'],
    'status' | 'providerTradeNo' | 'settledAt' | 'nextAction' | 'failureCode'
  >
>;

/** All that one decision changes. */
export type Change = {
  order: OrderPatch;
  payment: PaymentPatch;
  /** Null where nothing changed that merchants are told of. */
  event: EventType | null;
  notification?: { id: NotificationId; outcome: NotificationOutcome };
};

const at = (name: string) => sql`${sql.placeholder(name)}::timestamptz`;
const text = (name: string) => sql`${sql.placeholder(name)}::text`;

const write = statement(
  'commit_change',
  () => sql`
  with changed as (
    update ${orders} set status = ${text('status')}, version = ${sql.placeholder('version')}::int,
      updated_at = ${at('at')}, paid_at = ${at('paidAt')}, closed_at = ${at('closedAt')},
      close_reason = ${text('closeReason')}, review_reason = ${text('reviewReason')},
      failure_code = ${text('failureCode')}
    where ${orders.id} = ${text('orderId')} and ${orders.version} = ${sql.placeholder('version')}::int - 1
    returning 1),
  paid as (
    update ${payments} set status = ${text('paymentStatus')},
      provider_trade_no = ${text('providerTradeNo')}, settled_at = ${at('settledAt')},
      failure_code = ${text('paymentFailureCode')}, next_action = ${sql.placeholder('nextAction')}::jsonb
    where ${payments.id} = ${text('paymentId')} and exists (select from changed)),
  told as (
    insert into ${events} (id, merchant_id, shard, type, resource_id, body, created_at)
    select ${text('eventId')}, ${text('merchantId')}, ${sql.placeholder('shard')}::int,
      ${text('eventType')}, ${text('orderId')}, ${text('eventBody')}, ${at('at')}
    from changed where ${text('eventId')} is not null),
  noted as (
    update ${providerNotifications} set outcome = ${text('outcome')}, applied_at = ${at('at')}
    where ${providerNotifications.id} = ${text('notificationId')} and exists (select from changed))
  select from changed`,
);

/**
 * Writes a decision in one statement, and so in one transaction: order, payment, event, and the
 * notification that caused it. It is conditional on the version that was decided on; false means that
 * somebody else was first, nothing was written, and the decision has to be made anew.
 */
export async function commitChange(
  db: Database,
  { read, change }: { read: PaymentRead; change: Change },
): Promise<boolean> {
  const now = new Date();
  const order = { ...read.order, ...change.order, version: read.order.version + 1, updatedAt: now };
  const payment = { ...read.payment, ...change.payment };
  const event =
    change.event &&
    newEvent({
      merchantId: order.merchantId,
      shard: read.shard,
      type: change.event,
      resourceId: order.id,
      data: snapshotOf(order, [{ ...payment, provider: read.provider }]),
      at: now,
    });
  const written = await write(db, {
    at: now,
    orderId: order.id,
    merchantId: order.merchantId,
    shard: read.shard,
    status: order.status,
    version: order.version,
    paidAt: order.paidAt,
    closedAt: order.closedAt,
    closeReason: order.closeReason,
    reviewReason: order.reviewReason,
    failureCode: order.failureCode,
    paymentId: payment.id,
    paymentStatus: payment.status,
    providerTradeNo: payment.providerTradeNo,
    settledAt: payment.settledAt,
    paymentFailureCode: payment.failureCode,
    nextAction: payment.nextAction && JSON.stringify(payment.nextAction),
    eventId: event?.id ?? null,
    eventType: event?.type ?? null,
    eventBody: event?.body ?? null,
    notificationId: change.notification?.id ?? null,
    outcome: change.notification?.outcome ?? null,
  });
  return written.length === 1;
}
