import { and, asc, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { DifferenceId, MerchantId, ReconciliationId } from '../../domain/ids.ts';
import { autoResolvableKinds } from '../../domain/reconciliation.ts';
import type { DifferenceStatus } from '../../domain/reconciliation.ts';
import type { Database } from '../database.ts';
import { auditEntries } from '../schema/audit.ts';
import {
  differences,
  reconciliations,
  statementEntries,
  statements,
} from '../schema/reconciliations.ts';

export type DifferenceRow = typeof differences.$inferSelect;

/** Differences of one run, oldest first; `after` is the last id of the previous page. */
export async function listDifferences(
  db: Database,
  input: {
    reconciliationId: ReconciliationId;
    status: DifferenceStatus | undefined;
    after: DifferenceId | undefined;
    limit: number;
  },
): Promise<{ rows: DifferenceRow[]; hasMore: boolean }> {
  const found = await db
    .select()
    .from(differences)
    .where(
      and(
        eq(differences.reconciliationId, input.reconciliationId),
        input.status && eq(differences.status, input.status),
        input.after && gt(differences.id, input.after),
      ),
    )
    .orderBy(asc(differences.id))
    .limit(input.limit + 1);
  return { rows: found.slice(0, input.limit), hasMore: found.length > input.limit };
}

/** Open differences that the provider can confirm and that this round has not tried yet; payments first. */
export function listAutoResolvable(
  db: Database,
  input: { reconciliationId: ReconciliationId; round: number; limit: number },
): Promise<{ id: DifferenceId; about: DifferenceRow['about'] }[]> {
  return db
    .select({ id: differences.id, about: differences.about })
    .from(differences)
    .where(
      and(
        eq(differences.reconciliationId, input.reconciliationId),
        eq(differences.status, 'open'),
        inArray(differences.kind, [...autoResolvableKinds]),
        or(isNull(differences.healTriedRound), lt(differences.healTriedRound, input.round)),
      ),
    )
    .orderBy(
      sql`array_position(array['payment', 'refund', 'dispute'], ${differences.about})`,
      asc(differences.id),
    )
    .limit(input.limit);
}

/** A difference by an id from our own rows. Throws if it does not exist. */
export async function readDifference(
  db: Database,
  { id }: { id: DifferenceId },
): Promise<DifferenceRow> {
  const [row] = await db.select().from(differences).where(eq(differences.id, id));
  if (!row) throw new Error(`difference ${id} does not exist`);
  return row;
}

/** Records that a round has tried to auto-resolve the difference, and why it failed, if it did. */
export async function recordAutoResolve(
  db: Database,
  input: { id: DifferenceId; round: number; note: string | null },
): Promise<void> {
  await db
    .update(differences)
    .set({ healTriedRound: input.round, note: input.note })
    .where(eq(differences.id, input.id));
}

/** Marks a statement line as contradicted by the provider's own answer; it no longer counts as a difference. */
export async function overruleEntry(
  db: Database,
  { accountId, about, number }: Pick<DifferenceRow, 'accountId' | 'about' | 'number'>,
): Promise<void> {
  if (about === 'line') throw new Error('an unreadable line cannot be overruled');
  await db
    .update(statementEntries)
    .set({ isOverruled: true })
    .where(
      and(
        eq(statementEntries.accountId, accountId),
        eq(statementEntries.kind, about),
        eq(statementEntries.number, number),
        sql`exists (select from ${statements} where ${statements.id} = ${statementEntries.statementId}
          and ${statements.loadedAt} is not null)`,
      ),
    );
}

export type AcknowledgeResult =
  | { kind: 'acknowledged'; difference: DifferenceRow }
  /** Auto-resolved meanwhile: nothing to acknowledge. */
  | { kind: 'notOpen'; status: DifferenceStatus }
  | { kind: 'absent' };

/** Acknowledges a difference, with who did and why. Idempotent. */
export function acknowledgeDifference(
  db: Database,
  input: { merchantId: MerchantId; id: DifferenceId; actor: string; note: string },
): Promise<AcknowledgeResult> {
  const { merchantId, id, actor, note } = input;
  return db.transaction(async (tx) => {
    const [known] = await tx
      .select()
      .from(differences)
      .where(and(eq(differences.id, id), eq(differences.merchantId, merchantId)))
      .for('update');
    if (!known) return { kind: 'absent' };
    if (known.status === 'acknowledged') return { kind: 'acknowledged', difference: known };
    if (known.status !== 'open') return { kind: 'notOpen', status: known.status };
    const [difference] = await tx
      .update(differences)
      .set({
        status: 'acknowledged',
        acknowledgedBy: actor,
        acknowledgedNote: note,
        acknowledgedAt: sql`now()`,
      })
      .where(eq(differences.id, id))
      .returning();
    await tx
      .update(reconciliations)
      .set({ differenceCount: sql`${reconciliations.differenceCount} - 1` })
      .where(eq(reconciliations.id, known.reconciliationId));
    await tx.insert(auditEntries).values({
      id: newId('audit'),
      merchantId,
      actor,
      action: 'difference.acknowledge',
      resourceId: id,
      details: { note, kind: known.kind, number: known.number },
    });
    return { kind: 'acknowledged', difference: difference! };
  });
}
