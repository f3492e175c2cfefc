import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { NotificationId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { EventType } from '../../domain/events.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';
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

/**
 * Writes a decision in one statement, and so in one transaction: order, payment, event, and the
 * notification that caused it. It is conditional on the version that was decided on; false means that
 * somebody else was first, nothing was written, and the decision has to be made anew.
 */
export async function commitChange(
  db: Database,
  { read, change }: { read: PaymentRead; change: Change },
): Promise<boolean> {
  const at = new Date();
  const order = { ...read.order, ...change.order, version: read.order.version + 1, updatedAt: at };
  const payment = { ...read.payment, ...change.payment };
  const event =
    change.event &&
    newEvent({
      merchantId: order.merchantId,
      shard: read.shard,
      type: change.event,
      resourceId: order.id,
      data: snapshotOf(order, [{ ...payment, provider: read.provider }]),
      at,
    });
  const steps: SQL[] = [
    sql`changed as (
      update ${orders} set status = ${order.status}, version = ${order.version},
        updated_at = ${at.toISOString()}, paid_at = ${iso(order.paidAt)}, closed_at = ${iso(order.closedAt)},
        close_reason = ${order.closeReason}, review_reason = ${order.reviewReason},
        failure_code = ${order.failureCode}
      where ${orders.id} = ${order.id} and ${orders.version} = ${read.order.version}
      returning 1)`,
    sql`paid as (
      update ${payments} set status = ${payment.status}, provider_trade_no = ${payment.providerTradeNo},
        settled_at = ${iso(payment.settledAt)}, failure_code = ${payment.failureCode},
        next_action = ${payment.nextAction && JSON.stringify(payment.nextAction)}
      where ${payments.id} = ${payment.id} and exists (select from changed))`,
  ];
  if (event) {
    steps.push(sql`told as (
      insert into ${events} (id, merchant_id, shard, type, resource_id, body, created_at)
      select ${event.id}, ${event.merchantId}, ${event.shard}::int, ${event.type}, ${event.resourceId},
        ${event.body}, ${at.toISOString()}::timestamptz from changed)`);
  }
  if (change.notification) {
    steps.push(sql`noted as (
      update ${providerNotifications}
      set outcome = ${change.notification.outcome}, applied_at = ${at.toISOString()}
      where ${providerNotifications.id} = ${change.notification.id} and exists (select from changed))`);
  }
  const { rows } = await db.execute(sql`with ${sql.join(steps, sql`, `)} select from changed`);
  return rows.length === 1;
}

function iso(time: Date | null): string | null {
  return time && time.toISOString();
}
