import { isNotNull } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { keyCheck } from '../schema/key-check.ts';
import { sealContext, sealedColumns, sealedNames } from '../sealed-columns.ts';
import { keyIdOf } from '../sealed.ts';
import type { Sealer } from '../sealed.ts';
import { countSealed } from './count-sealed.ts';
import { listSeenKeys } from './seen-keys.ts';

export type KeyVerdict =
  | { kind: 'right' }
  /** These keys do not open what this database holds; `detail` says what to do. */
  | { kind: 'wrong'; detail: string };

type Deps = { db: Database; sealer: Sealer };

/** The value that a rotation seals first, and the one that it seals last. */
const values = [true, false] as const;
const contextOf = (id: boolean) => sealContext('key_check.value', String(id));

/**
 * Whether these are the keys of this database's secrets. The first process that asks leaves the key check values;
 * where secrets are older than those, they decide. Of two first processes with different keys one is wrong: the
 * values' primary keys decide which.
 */
export async function checkSecretKeys(
  deps: Deps,
  { hasNeighboursChecked = true }: { hasNeighboursChecked?: boolean } = {},
): Promise<KeyVerdict> {
  const { db, sealer } = deps;
  if ((await readValues(db)).size < values.length) {
    const verdict = await checkSecrets(deps);
    if (verdict.kind === 'wrong') return verdict;
    const made = values.map((id) => {
      return { id, sealedValue: sealer.seal('key check value', contextOf(id)) };
    });
    await db.insert(keyCheck).values(made).onConflictDoNothing();
  }
  const known = await readValues(db);
  for (const id of values) {
    const sealedValue = known.get(id);
    if (sealedValue === undefined) throw new Error('a key check value was removed');
    const verdict = opens(sealer, sealedValue, contextOf(id));
    if (verdict.kind === 'wrong') return verdict;
  }
  return hasNeighboursChecked ? checkNeighbours(deps) : { kind: 'right' };
}

async function readValues(db: Database): Promise<Map<boolean, string>> {
  const rows = await db.select().from(keyCheck);
  return new Map(rows.map(({ id, sealedValue }) => [id, sealedValue]));
}

/** What the first key seals the processes beside this one have to open: it is made known to all of them first. */
async function checkNeighbours({ db, sealer }: Deps): Promise<KeyVerdict> {
  const [sealingId, ...others] = sealer.keyIds;
  // With one key alone there is none that another process could lack, but for one that is wrong itself.
  if (others.length === 0) return { kind: 'right' };
  const strangers = (await listSeenKeys(db)).filter(
    ({ keyIds }) => keyIds.length > 0 && !keyIds.includes(sealingId),
  );
  if (strangers.length === 0) return { kind: 'right' };
  const detail = `names the key ${sealingId} first, which seals from now on, and ${strangers.length} running processes do not know it. Name it last, in every process; once all have it, name it first (docs/operations/secrets.md)`;
  return { kind: 'wrong', detail };
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

function opens(sealer: Sealer, sealed: string, bound: ReturnType<typeof contextOf>): KeyVerdict {
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
    'Give every process the keys that this database has had, the one that seals first (docs/operations/secrets.md)';
  return { kind: 'wrong', detail: `${what}. ${whatToDo}` };
}
