import { getTableColumns, sql } from 'drizzle-orm';
import { assign, bare, columnName, insertInto } from '../columns.ts';
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { EventType } from '../../domain/events.ts';
import type { NotificationId, PaymentId, RefundId } from '../../domain/ids.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { Database } from '../database.ts';
import { at, int, json, minor, text } from '../placeholders.ts';
import { ledgerEntries } from '../schema/ledger.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';
import { disputes, refunds } from '../schema/refunds.ts';
import { statement } from '../statement.ts';
import { insertOrderEvent } from './insert-order-event.ts';
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

/** The changes of one decision, written atomically. */
export type Change = {
  order: OrderPatch;
  payment?: { id: PaymentId; patch: PaymentPatch } | undefined;
  newPayment?: PaymentRow | undefined;
  refund?: { id: RefundId; patch: Partial<RefundRow> } | undefined;
  newRefund?: RefundRow | undefined;
  /** New or changed. */
  dispute?: DisputeRow | undefined;
  ledger?: { accountId: PaymentRow['accountId']; postings: LedgerPosting[] } | undefined;
  /** Null if nothing changed that merchants are notified of. `about` is the id of the changed part. */
  event: { type: EventType; about?: string } | null;
  notification?: { id: NotificationId; outcome: NotificationOutcome } | undefined;
};

const hasChanged = sql`exists (select from changed)`;

/**
 * Writes rows given as JSON: inserts new ones and updates known ones (by id). Names each column and its type, so that a
 * column added by a later release keeps its default.
 */
function upsert(table: PgTable, placeholder: string) {
  const columns = Object.values<AnyPgColumn>(getTableColumns(table));
  const names = bare(...columns);
  const definitions = sql.join(
    columns.map((column) => sql`${bare(column)} ${sql.raw(column.getSQLType())}`),
    sql`, `,
  );
  const assignments = sql.join(
    columns.map((column) => sql`${bare(column)} = excluded.${bare(column)}`),
    sql`, `,
  );
  return sql`
    insert into ${table} (${names})
    select ${names} from jsonb_to_recordset(${json(placeholder)}) as entries(${definitions})
    where ${hasChanged} on conflict (id) do update set ${assignments}`;
}

const write = statement('commit_change', () => {
  const order = assign(orders, {
    status: text('status'),
    version: int('version'),
    updatedAt: at('at'),
    capturedMinor: minor('capturedMinor'),
    refundedMinor: minor('refundedMinor'),
    confirmation: text('confirmation'),
    authorizedAt: at('authorizedAt'),
    paidAt: at('paidAt'),
    closedAt: at('closedAt'),
    closeReason: text('closeReason'),
    reviewReason: text('reviewReason'),
    reviewFacts: json('reviewFacts'),
    failureCode: text('failureCode'),
    commandedAt: at('commandedAt'),
    cancelRequestedAt: at('cancelRequestedAt'),
    captureRequestedMinor: minor('captureRequestedMinor'),
    switchRequestedTo: text('switchRequestedTo'),
    reviewVerb: text('reviewVerb'),
  });
  const ledger = insertInto(
    ledgerEntries,
    {
      transaction: sql`line ->> 'transaction'`,
      book: sql`line ->> 'book'`,
      amountMinor: sql`(line ->> 'amountMinor')::bigint`,
      currency: text('currency'),
      merchantId: text('merchantId'),
      accountId: text('accountId'),
      orderId: text('orderId'),
      createdAt: at('at'),
    },
    sql`from jsonb_array_elements(${json('lines')}) as line where ${hasChanged}`,
  );
  const event = insertOrderEvent(sql`from changed where ${text('eventId')} is not null`);
  const notification = assign(providerNotifications, {
    outcome: text('outcome'),
    appliedAt: at('at'),
  });
  // Several writes that depend on one conditional update: drizzle's builders cannot express this.
  return sql`
    with changed as (
      update ${orders} set ${order}
      where ${orders.id} = ${text('orderId')} and ${orders.version} = ${int('version')} - 1
      returning 1),
    payments as (${upsert(payments, 'payments')}),
    refunds as (${upsert(refunds, 'refunds')}),
    disputes as (${upsert(disputes, 'disputes')}),
    ledger as (${ledger}),
    events as (${event}),
    notifications as (
      update ${providerNotifications} set ${notification}
      where ${providerNotifications.id} = ${text('notificationId')} and ${hasChanged})
    select from changed`;
});

/**
 * Writes a decision in one statement, and so in one transaction: order, payments, refunds, disputes, ledger, event, and
 * the notification that caused it. Conditional on the version that was read; returns false, with nothing written, if
 * another writer was first and the decision has to be made again.
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
  const changedIn = (
    table: PgTable,
    rows: readonly { id: string }[],
    ...ids: (string | undefined)[]
  ) => JSON.stringify(rows.filter(({ id }) => ids.includes(id)).map((row) => asRecord(table, row)));
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
    payments: changedIn(payments, after.payments, change.payment?.id, change.newPayment?.id),
    refunds: changedIn(refunds, after.refunds, change.refund?.id, change.newRefund?.id),
    disputes: changedIn(disputes, after.disputes, change.dispute?.id),
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

/** The order with the change applied. */
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

/** A row by column names, as PostgreSQL reads it from JSON. */
function asRecord(table: PgTable, row: object): Record<string, unknown> {
  const columns: Record<string, AnyPgColumn> = getTableColumns(table);
  return Object.fromEntries(
    Object.entries(row).flatMap(([field, value]) => {
      const column = columns[field];
      return column ? [[columnName(column), value]] : [];
    }),
  );
}
