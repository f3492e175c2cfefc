import { isNotNull } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { keyCheck } from '../schema/key-check.ts';
import { sealContext, sealedColumns, sealedNames } from '../sealed-columns.ts';
import { keyIdOf } from '../sealed.ts';
import type { Sealer } from '../sealed.ts';
import { countSealed } from './count-sealed.ts';

export type KeyVerdict =
  | { kind: 'right' }
  /** These keys do not open what this database holds; `detail` says what to do. */
  | { kind: 'wrong'; detail: string };

type Deps = { db: Database; sealer: Sealer };

const context = sealContext('key_check.value', 'true');

/**
 * Whether these are the keys of this database's secrets. The first process that asks leaves the key check value;
 * where secrets are older than that, they decide. Of two first processes with different keys one is wrong: the
 * value's primary key decides which.
 */
export async function checkSecretKeys(deps: Deps): Promise<KeyVerdict> {
  const { db, sealer } = deps;
  if ((await readValue(db)) === undefined) {
    const verdict = await checkSecrets(deps);
    if (verdict.kind === 'wrong') return verdict;
    const sealedValue = sealer.seal('key check value', context);
    await db.insert(keyCheck).values({ sealedValue }).onConflictDoNothing();
  }
  const sealedValue = await readValue(db);
  if (sealedValue === undefined) throw new Error('the key check value was removed');
  return opens(sealer, sealedValue, context);
}

async function readValue(db: Database): Promise<string | undefined> {
  const [row] = await db.select({ sealedValue: keyCheck.sealedValue }).from(keyCheck);
  return row?.sealedValue;
}

/** Every key that has sealed something is named, and one text of each use opens. */
async function checkSecrets({ db, sealer }: Deps): Promise<KeyVerdict> {
  const strange = Object.keys(await countSealed(db)).find((id) => !sealer.keyIds.includes(id));
  if (strange !== undefined) return wrong(sealer, strange);
  for (const name of sealedNames) {
    const { table, id, columns } = sealedColumns[name];
    for (const column of columns) {
      const [row] = await db
        .select({ id, sealed: column })
        .from(table)
        .where(isNotNull(column))
        .limit(1);
      if (!row) continue;
      const verdict = opens(sealer, String(row.sealed), sealContext(name, String(row.id)));
      if (verdict.kind === 'wrong') return verdict;
    }
  }
  return { kind: 'right' };
}

function opens(sealer: Sealer, sealed: string, bound: typeof context): KeyVerdict {
  try {
    sealer.open(sealed, bound);
    return { kind: 'right' };
  } catch {
    return wrong(sealer, keyIdOf(sealed));
  }
}

function wrong({ keyIds }: Sealer, keyId: string): KeyVerdict {
  const what = keyIds.includes(keyId)
    ? `a secret of this database does not open with its key ${keyId}`
    : `names the keys ${keyIds.join(', ')}, and this database's secrets are sealed with ${keyId}`;
  const whatToDo =
    'Give every process the keys that this database has had, the one that seals first (docs/secrets.md)';
  return { kind: 'wrong', detail: `${what}. ${whatToDo}` };
}
