import { asc, count, eq, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { statementEntries } from '../schema/reconciliations.ts';
import type { StatementEntryKind } from '../schema/reconciliations.ts';
import { findStatement } from './load-statement.ts';
import type { StatementDay } from './load-statement.ts';

export type StatementTotal = {
  kind: StatementEntryKind;
  /** The provider's category for other money; null for money of a payment. */
  category: string | null;
  currency: string | null;
  lines: number;
  amountMinor: number;
  feeMinor: number;
};

/** The totals of a day's statement by kind and currency; empty once the statement is deleted. */
export async function statementTotals(db: Database, day: StatementDay): Promise<StatementTotal[]> {
  const statement = await findStatement(db, day);
  if (!statement) return [];
  const { kind, currency, amountMinor, feeMinor, note } = statementEntries;
  const category = sql<string | null>`case when ${kind} = 'other' then ${note} end`;
  const rows = await db
    .select({
      kind,
      category,
      currency: sql<string | null>`nullif(${currency}, '')`,
      lines: count(),
      amountMinor: sql<string>`sum(${amountMinor})`,
      feeMinor: sql<string>`coalesce(sum(${feeMinor}), 0)`,
    })
    .from(statementEntries)
    .where(eq(statementEntries.statementId, statement.id))
    .groupBy(kind, category, currency)
    .orderBy(asc(kind), asc(category), asc(currency));
  return rows.map((row) => ({
    ...row,
    amountMinor: Number(row.amountMinor),
    feeMinor: Number(row.feeMinor),
  }));
}
