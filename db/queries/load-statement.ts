import { and, count, eq, isNotNull, lt, ne, sql } from 'drizzle-orm';
import type { AccountId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { statementEntries, statements } from '../schema/reconciliations.ts';

export type StatementDay = { accountId: AccountId; date: string };
export type NewEntry = Omit<typeof statementEntries.$inferInsert, 'statementId' | 'accountId'>;

const keptDays = 45;

/** Starts a statement. Readers use the previous one until this one is complete. */
export async function beginStatement(
  db: Database,
  day: StatementDay,
): Promise<{ statementId: number }> {
  const [inserted] = await db.insert(statements).values(day).returning({ id: statements.id });
  return { statementId: inserted!.id };
}

/** Stores a batch of lines. */
export async function addEntries(
  db: Database,
  input: { statementId: number; accountId: AccountId; entries: readonly NewEntry[] },
): Promise<void> {
  const { statementId, accountId, entries } = input;
  if (entries.length === 0) return;
  await db
    .insert(statementEntries)
    .values(entries.map((entry) => ({ ...entry, statementId, accountId })));
}

/** Makes a complete statement the current one and deletes the day's others. */
export function finishStatement(
  db: Database,
  {
    statementId,
    accountId,
    date,
    entryCount,
  }: StatementDay & { statementId: number; entryCount: number },
): Promise<void> {
  return db.transaction(async (tx) => {
    const [stored] = await tx
      .select({ lines: count() })
      .from(statementEntries)
      .where(eq(statementEntries.statementId, statementId));
    // A concurrent load of the same day was faster and has deleted this one.
    if (stored?.lines !== entryCount)
      throw new Error(`the statement of ${date} was loaded twice at once`);
    const isOfDay = and(eq(statements.accountId, accountId), eq(statements.date, date));
    await tx.delete(statements).where(and(isOfDay, ne(statements.id, statementId)));
    const finished = await tx
      .update(statements)
      .set({ entryCount, loadedAt: sql`now()` })
      .where(eq(statements.id, statementId))
      .returning({ id: statements.id });
    if (finished.length === 0) throw new Error(`the statement of ${date} was loaded twice at once`);
    await tx
      .delete(statements)
      .where(
        and(
          eq(statements.accountId, accountId),
          lt(statements.date, sql`current_date - ${keptDays}::int`),
          lt(statements.createdAt, sql`now() - interval '1 day'`),
        ),
      );
  });
}

/** The complete statement of a day; undefined if it was never loaded. */
export async function findStatement(
  db: Pick<Database, 'select'>,
  { accountId, date }: StatementDay,
): Promise<typeof statements.$inferSelect | undefined> {
  const [found] = await db
    .select()
    .from(statements)
    .where(
      and(
        eq(statements.accountId, accountId),
        eq(statements.date, date),
        isNotNull(statements.loadedAt),
      ),
    );
  return found;
}
