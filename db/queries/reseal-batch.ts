import { and, asc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../database.ts';
import { sealContext, sealedColumns } from '../sealed-columns.ts';
import type { SealedName } from '../sealed-columns.ts';
import type { Sealer } from '../sealed.ts';

export type ResealedBatch = {
  /** Where the next batch starts; undefined after the last. */
  through: string | undefined;
  resealed: number;
  /** Rows that no key opens; they stay as they are. */
  unopened: string[];
};

/**
 * Seals the next texts of a column again if another key than the first sealed them. A text changed concurrently keeps
 * the writer's value. Each row is a separate statement, so that no lock is held while waiting for another.
 */
export async function resealBatch(
  { db, sealer }: { db: Database; sealer: Sealer },
  input: { name: SealedName; column: PgColumn; after: string | undefined; limit: number },
): Promise<ResealedBatch> {
  const { name, column, after, limit } = input;
  const { table, id } = sealedColumns[name];
  const rows = await db
    .select({ id, sealed: column })
    .from(table)
    .where(
      and(
        isNotNull(column),
        sql`split_part(${column}, '.', 1) <> ${sealer.keyIds[0]}`,
        after === undefined ? undefined : gt(id, after),
      ),
    )
    .orderBy(asc(id))
    .limit(limit);
  const batch: ResealedBatch = { through: undefined, resealed: 0, unopened: [] };
  for (const row of rows) {
    const context = sealContext(name, String(row.id));
    const plain = openOrUndefined(() => sealer.open(String(row.sealed), context));
    if (plain === undefined) {
      batch.unopened.push(context);
      continue;
    }
    const changed = await db
      .update(table)
      .set({ [keyOf(table, column)]: sealer.seal(plain, context) })
      .where(and(eq(id, row.id), eq(column, row.sealed)))
      .returning({ id });
    batch.resealed += changed.length;
  }
  return rows.length < limit ? batch : { ...batch, through: String(rows.at(-1)?.id) };
}

function openOrUndefined(open: () => string): string | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

/** A column's name in its table's definition. */
function keyOf(table: object, column: PgColumn): string {
  const found = Object.entries(table).find(([, one]) => one === column);
  if (!found) throw new Error(`${column.name} is not a column of its table`);
  return found[0];
}
