import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { AccountId, MerchantId, ReconciliationId } from '../../domain/ids.ts';
import { reconciliationSnapshotOf } from '../../domain/reconciliation.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { merchants } from '../schema/merchants.ts';
import { reconciliations } from '../schema/reconciliations.ts';
import { newEvent } from './new-event.ts';

export type ReconciliationRow = typeof reconciliations.$inferSelect;

/** Opens an account's day, or reopens it; a running one is left as it is. */
export function openReconciliation(
  db: Database,
  input: {
    merchantId: MerchantId;
    accountId: AccountId;
    date: string;
    trigger: 'schedule' | 'request';
  },
): Promise<ReconciliationRow> {
  return db.transaction(async (tx) => {
    await tx
      .insert(reconciliations)
      .values({ ...input, id: newId('reconciliation') })
      .onConflictDoUpdate({
        target: [reconciliations.accountId, reconciliations.date],
        set: {
          status: 'running',
          trigger: input.trigger,
          startedAt: sql`now()`,
          endedAt: null,
          failure: null,
        },
        setWhere: inArray(reconciliations.status, ['done', 'failed']),
      });
    const [row] = await tx.select().from(reconciliations).where(isDay(input));
    return row!;
  });
}

/** Records that a run waits for its statement or continues. */
export async function recordStatus(
  db: Database,
  { id, status }: { id: ReconciliationId; status: 'running' | 'waiting' },
): Promise<void> {
  await db.update(reconciliations).set({ status }).where(eq(reconciliations.id, id));
}

/** Ends a run; a completed one notifies the merchant in the same transaction. */
export function endReconciliation(
  db: Database,
  { id, failure }: { id: ReconciliationId; failure: string | null },
): Promise<ReconciliationRow> {
  return db.transaction(async (tx) => {
    const at = new Date();
    const [row] = await tx
      .update(reconciliations)
      .set({ status: failure === null ? 'done' : 'failed', failure, endedAt: at })
      .where(eq(reconciliations.id, id))
      .returning();
    if (!row) throw new Error(`reconciliation ${id} does not exist`);
    if (failure !== null) return row;
    const { merchantId } = row;
    const [merchant] = await tx
      .select({ shard: merchants.shard })
      .from(merchants)
      .where(eq(merchants.id, merchantId));
    await tx.insert(events).values(
      newEvent({
        merchantId,
        at,
        shard: merchant?.shard ?? 0,
        type: 'reconciliation.completed',
        resourceId: id,
        data: reconciliationSnapshotOf(row),
      }),
    );
    return row;
  });
}

/** A merchant's run; undefined if it has none with this id. */
export async function findReconciliation(
  db: Database,
  { merchantId, id }: { merchantId: MerchantId; id: ReconciliationId },
): Promise<ReconciliationRow | undefined> {
  const [row] = await db
    .select()
    .from(reconciliations)
    .where(and(eq(reconciliations.id, id), eq(reconciliations.merchantId, merchantId)));
  return row;
}

/** The run of an account's day; undefined if there is none. */
export async function findDay(
  db: Database,
  day: { accountId: AccountId; date: string },
): Promise<ReconciliationRow | undefined> {
  const [row] = await db.select().from(reconciliations).where(isDay(day));
  return row;
}

/** A run by an id from our own rows. Throws if it does not exist. */
export async function readReconciliation(
  db: Database,
  { id }: { id: ReconciliationId },
): Promise<ReconciliationRow> {
  const [row] = await db.select().from(reconciliations).where(eq(reconciliations.id, id));
  if (!row) throw new Error(`reconciliation ${id} does not exist`);
  return row;
}

/** A merchant's runs, newest first; `before` is the last id of the previous page. */
export async function listReconciliations(
  db: Database,
  input: {
    merchantId: MerchantId;
    accountId: AccountId | undefined;
    before: ReconciliationId | undefined;
    limit: number;
  },
): Promise<{ rows: ReconciliationRow[]; hasMore: boolean }> {
  const found = await db
    .select()
    .from(reconciliations)
    .where(
      and(
        eq(reconciliations.merchantId, input.merchantId),
        input.accountId && eq(reconciliations.accountId, input.accountId),
        input.before && lt(reconciliations.id, input.before),
      ),
    )
    .orderBy(desc(reconciliations.id))
    .limit(input.limit + 1);
  return { rows: found.slice(0, input.limit), hasMore: found.length > input.limit };
}

function isDay({ accountId, date }: { accountId: AccountId; date: string }) {
  return and(eq(reconciliations.accountId, accountId), eq(reconciliations.date, date));
}
