import { and, eq } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { keyCheck } from '../schema/key-check.ts';
import { sealContext } from '../sealed-columns.ts';
import { keyIdOf } from '../sealed.ts';
import type { Sealer } from '../sealed.ts';

/** Seals one of the two key check values with the first key: `false` or `true`, see `db/schema/key-check.ts`. */
export async function resealKeyCheck(
  { db, sealer }: { db: Database; sealer: Sealer },
  { id }: { id: boolean },
): Promise<void> {
  const context = sealContext('key_check.value', String(id));
  const [row] = await db.select().from(keyCheck).where(eq(keyCheck.id, id));
  if (!row || keyIdOf(row.sealedValue) === sealer.keyIds[0]) return;
  const sealedValue = sealer.seal(sealer.open(row.sealedValue, context), context);
  await db
    .update(keyCheck)
    .set({ sealedValue })
    .where(and(eq(keyCheck.id, id), eq(keyCheck.sealedValue, row.sealedValue)));
}
