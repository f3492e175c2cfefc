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
  /** These keys do not open this database's secrets; `detail` says what to do. */
  | { kind: 'wrong'; detail: string };

type Deps = { db: Database; sealer: Sealer };

/** The value that a rotation seals first, and the one that it seals last. */
const values = [true, false] as const;
const contextOf = (id: boolean) => sealContext('key_check.value', String(id));

/**
 * Checks that these are the keys of this database's secrets. The first process writes the key check values; if there
 * are secrets already, they decide. If two first processes have different keys, the values' primary keys decide which
 * one is wrong.
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

/** All running processes must have the first key before it seals: they have to open what it seals. */
async function checkNeighbours({ db, sealer }: Deps): Promise<KeyVerdict> {
  const [sealingId, ...others] = sealer.keyIds;
  // A single key cannot be missing in another process, unless that one is wrong itself.
  if (others.length === 0) return { kind: 'right' };
  const strangers = (await listSeenKeys(db)).filter(
    ({ keyIds }) => keyIds.length > 0 && !keyIds.includes(sealingId),
  );
  if (strangers.length === 0) return { kind: 'right' };
  const detail = `names the key ${sealingId} first, so it would encrypt, but ${strangers.length} running processes do not have it. Name it last in every process; once all have it, name it first (docs/operations/secrets.md)`;
  return { kind: 'wrong', detail };
}

/** Checks that every key in use is configured, and that one text per column opens. */
async function checkSecrets({ db, sealer }: Deps): Promise<KeyVerdict> {
  const unknownId = Object.keys(await countSealed(db)).find((id) => !sealer.keyIds.includes(id));
  if (unknownId !== undefined) return wrongKeys(sealer, unknownId);
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
    return wrongKeys(sealer, keyIdOf(sealed));
  }
}

function wrongKeys({ keyIds }: Sealer, keyId: string): KeyVerdict {
  const what = keyIds.includes(keyId)
    ? `a secret of this database does not open with its key ${keyId}`
    : `names the keys ${keyIds.join(', ')}, and this database's secrets are sealed with ${keyId}`;
  const whatToDo =
    'Give every process all keys that this database has used, the encrypting key first (docs/operations/secrets.md)';
  return { kind: 'wrong', detail: `${what}. ${whatToDo}` };
}
