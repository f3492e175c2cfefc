import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { getTableConfig } from 'drizzle-orm/pg-core';
import type { EventType } from '../../domain/events.ts';
import type { NotificationId, PaymentId, RefundId } from '../../domain/ids.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { Database } from '../database.ts';
import { at, text } from '../placeholders.ts';
import { events } from '../schema/events.ts';
import { ledgerEntries } from '../schema/ledger.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';
import { disputes, refunds } from '../schema/refunds.ts';
import { statement } from '../statement.ts';
import { newEvent } from './new-event.ts';
import type { DisputeRow, OrderRead, OrderRow, PaymentRow, RefundRow } from './read-order.ts';

type OrderPatch = Partial<
  Pick<
    OrderRow,
    | 'status'
    | 'capturedMinor'
    | 'refundedMinor'
    | 'confirmation'
    | 'authorizedAt'
    | 'paidAt'
    | 'closedAt'
    | 'closeReason'
    | 'reviewReason'
    | 'reviewFacts'
    | 'failureCode'
    | 'commandedAt'
    | 'cancelRequestedAt'
    | 'captureRequestedMinor'
    | 'switchRequestedTo'
    | 'reviewVerb'
  >
>;
type PaymentPatch = Partial<Omit<PaymentRow, 'id' | 'orderId' | 'provider'>>;

/** All that one decision changes, written together or not at all. */
export type Change = {
  order: OrderPatch;
  payment?: { id: PaymentId; patch: PaymentPatch } | undefined;
  newPayment?: PaymentRow | undefined;
  refund?: { id: RefundId; patch: Partial<RefundRow> } | undefined;
  newRefund?: RefundRow | undefined;
  /** New or changed. */
  dispute?: DisputeRow | undefined;
  ledger?: { accountId: PaymentRow['accountId']; postings: LedgerPosting[] } | undefined;
  /** Null where nothing changed that merchants are told of. `about` names the part it is about. */
  event: { type: EventType; about?: string } | null;
  notification?: { id: NotificationId; outcome: NotificationOutcome } | undefined;
};

const minor = (name: string) => sql`${sql.placeholder(name)}::bigint`;
const hasChanged = sql`exists (select from changed)`;

/**
 * Writes the rows given as JSON: new ones are inserted, known ones (by id) take the new values. It says each column
 * and its type itself: a column that a later release adds is none of its business, and keeps its default.
 */
function upsert(table: PgTable, name: string) {
  const columns = getTableConfig(table).columns.map((column) => ({
    name: `"${columnName(column.name)}"`,
    type: column.getSQLType(),
  }));
  const names = sql.raw(columns.map((column) => column.name).join(', '));
  const definitions = sql.raw(columns.map((column) => `${column.name} ${column.type}`).join(', '));
  const assignments = sql.raw(
    columns.map((column) => `${column.name} = excluded.${column.name}`).join(', '),
  );
  return sql`
    insert into ${table} (${names})
    select ${names} from jsonb_to_recordset(${sql.placeholder(name)}::jsonb) as given(${definitions})
    where ${hasChanged} on conflict (id) do update set ${assignments}`;
}

const write = statement(
  'commit_change',
  () => sql`
  with changed as (
    update ${orders} set status = ${text('status')}, version = ${sql.placeholder('version')}::int,
      updated_at = ${at('at')}, captured_minor = ${minor('capturedMinor')},
      refunded_minor = ${minor('refundedMinor')}, confirmation = ${text('confirmation')},
      authorized_at = ${at('authorizedAt')}, paid_at = ${at('paidAt')}, closed_at = ${at('closedAt')},
      close_reason = ${text('closeReason')}, review_reason = ${text('reviewReason')},
      review_facts = ${sql.placeholder('reviewFacts')}::jsonb,
      failure_code = ${text('failureCode')}, wished_at = ${at('commandedAt')},
      cancel_requested_at = ${at('cancelRequestedAt')},
      capture_requested_minor = ${minor('captureRequestedMinor')},
      switch_requested_to = ${text('switchRequestedTo')}, review_verb = ${text('reviewVerb')}
    where ${orders.id} = ${text('orderId')} and ${orders.version} = ${sql.placeholder('version')}::int - 1
    returning 1),
  offered as (${upsert(payments, 'payments')}),
  given as (${upsert(refunds, 'refunds')}),
  disputed as (${upsert(disputes, 'disputes')}),
  posted as (
    insert into ${ledgerEntries} (transaction, book, amount_minor, currency, merchant_id, account_id,
      order_id, created_at)
    select line ->> 'transaction', line ->> 'book', (line ->> 'amountMinor')::bigint, ${text('currency')},
      ${text('merchantId')}, ${text('accountId')}, ${text('orderId')}, ${at('at')}
    from jsonb_array_elements(${sql.placeholder('lines')}::jsonb) as line where ${hasChanged}),
  told as (
    insert into ${events} (id, merchant_id, shard, type, resource_id, body, created_at)
    select ${text('eventId')}, ${text('merchantId')}, ${sql.placeholder('shard')}::int,
      ${text('eventType')}, ${text('orderId')}, ${text('eventBody')}, ${at('at')}
    from changed where ${text('eventId')} is not null),
  noted as (
    update ${providerNotifications} set outcome = ${text('outcome')}, applied_at = ${at('at')}
    where ${providerNotifications.id} = ${text('notificationId')} and ${hasChanged})
  select from changed`,
);

/**
 * Writes a decision in one statement, and so in one transaction: order, payments, refunds, disputes,
 * ledger, event, and the notification that caused it. It is conditional on the version that was
 * decided on; false means that somebody else was first, nothing was written, and the decision has to
 * be made anew.
 */
export async function commitChange(
  db: Database,
  { read, change }: { read: OrderRead; change: Change },
): Promise<boolean> {
  const now = new Date();
  const after = applyChange(read, change, now);
  const { order } = after;
  const event =
    change.event &&
    newEvent({
      merchantId: order.merchantId,
      shard: read.shard,
      type: change.event.type,
      resourceId: order.id,
      data: { ...snapshotOf(order, after), about: change.event.about ?? null },
      at: now,
    });
  const changedIn = <T extends { id: string }>(
    rows: readonly T[],
    ...ids: (string | undefined)[]
  ) => JSON.stringify(rows.filter(({ id }) => ids.includes(id)).map(asRecord));
  const written = await write(db, {
    at: now,
    orderId: order.id,
    merchantId: order.merchantId,
    shard: read.shard,
    status: order.status,
    version: order.version,
    capturedMinor: order.capturedMinor,
    refundedMinor: order.refundedMinor,
    confirmation: order.confirmation,
    authorizedAt: order.authorizedAt,
    paidAt: order.paidAt,
    closedAt: order.closedAt,
    closeReason: order.closeReason,
    reviewReason: order.reviewReason,
    reviewFacts: order.reviewFacts && JSON.stringify(order.reviewFacts),
    failureCode: order.failureCode,
    commandedAt: order.commandedAt,
    cancelRequestedAt: order.cancelRequestedAt,
    captureRequestedMinor: order.captureRequestedMinor,
    switchRequestedTo: order.switchRequestedTo,
    reviewVerb: order.reviewVerb,
    payments: changedIn(after.payments, change.payment?.id, change.newPayment?.id),
    refunds: changedIn(after.refunds, change.refund?.id, change.newRefund?.id),
    disputes: changedIn(after.disputes, change.dispute?.id),
    lines: JSON.stringify(linesOf(change.ledger?.postings ?? [])),
    currency: order.currency,
    accountId: change.ledger?.accountId ?? null,
    eventId: event?.id ?? null,
    eventType: event?.type ?? null,
    eventBody: event?.body ?? null,
    notificationId: change.notification?.id ?? null,
    outcome: change.notification?.outcome ?? null,
  });
  return written.length === 1;
}

/** The order as it will stand once the change is written. */
function applyChange(read: OrderRead, change: Change, now: Date) {
  const order = { ...read.order, ...change.order, version: read.order.version + 1, updatedAt: now };
  const patched = <T extends { id: string }>(
    rows: readonly T[],
    one: { id: string; patch: Partial<T> } | undefined,
    added: T | undefined,
  ) => [
    ...rows
      .filter(({ id }) => id !== added?.id)
      .map((row) => (row.id === one?.id ? { ...row, ...one.patch } : row)),
    ...(added ? [added] : []),
  ];
  return {
    order,
    payments: patched<PaymentRow>(read.payments, change.payment, change.newPayment),
    refunds: patched<RefundRow>(read.refunds, change.refund, change.newRefund),
    disputes: patched<DisputeRow>(read.disputes, undefined, change.dispute),
  };
}

function linesOf(postings: readonly LedgerPosting[]) {
  return postings.flatMap(({ transaction, lines }) =>
    lines.map((line) => ({ transaction, ...line })),
  );
}

/** A row as PostgreSQL reads it from JSON, by its column names. */
function asRecord(row: object): Record<string, unknown> {
  const entries = Object.entries(row).map(([key, value]): [string, unknown] => [
    columnName(key),
    value,
  ]);
  return Object.fromEntries(entries);
}

/** A field's name as the database spells it, like drizzle's own `casing: 'snake_case'`. */
function columnName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
