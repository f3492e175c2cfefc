import { isNotNull, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { sealedColumns, sealedNames } from '../sealed-columns.ts';

/** The number of sealed texts by key id, in all sealed columns except the key check values. */
export async function countSealed(db: Database): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of sealedNames.filter((name) => name !== 'key_check.value')) {
    const { table, columns } = sealedColumns[name];
    for (const column of columns) {
      const keyId = sql<string>`split_part(${column}, '.', 1)`;
      const rows = await db
        .select({ keyId, count: sql<number>`count(*)::float8` })
        .from(table)
        .where(isNotNull(column))
        .groupBy(keyId);
      for (const row of rows) counts[row.keyId] = (counts[row.keyId] ?? 0) + row.count;
    }
  }
  return counts;
}
