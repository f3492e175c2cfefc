import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../db/database.ts';
import { countSealed } from '../db/queries/count-sealed.ts';
import { resealBatch } from '../db/queries/reseal-batch.ts';
import { resealKeyCheck } from '../db/queries/reseal-key-check.ts';
import { listSeenKeys } from '../db/queries/seen-keys.ts';
import type { SeenProcess } from '../db/queries/seen-keys.ts';
import { sealedColumns, sealedNames } from '../db/sealed-columns.ts';
import type { SealedName } from '../db/sealed-columns.ts';
import type { Sealer } from '../db/sealed.ts';

const batchRows = 200;
/** A process may encrypt with the old key while a pass runs. One that still does after the last pass is reported. */
const maxPasses = 5;

export type Rotation =
  /** No secret was changed: these processes could not decrypt with the new key. */
  | { kind: 'refused'; reason: string; processes: SeenProcess[] }
  | {
      kind: 'rotated';
      resealed: number;
      /** Ids of the keys that encrypt no secret and that no process encrypts with. */
      canBeRemoved: string[];
      /** What still needs the other keys. */
      remaining: {
        byKey: Record<string, number>;
        unopened: string[];
        sealingWithOld: SeenProcess[];
      };
    };

type Deps = { db: Database; sealer: Sealer };
type Progress = { sealed: SealedName; resealed: number };

/**
 * Encrypts every secret again with the first key. Secrets that it encrypts already are skipped, so a rotation that was
 * killed is finished by the next one, and a further one changes nothing.
 */
export async function rotateKeys(
  deps: Deps,
  { onProgress }: { onProgress: (progress: Progress) => void },
): Promise<Rotation> {
  const { db, sealer } = deps;
  const [sealingId, ...oldIds] = sealer.keyIds;
  const unreadyBefore = await findUnreadyProcesses(deps);
  if (unreadyBefore.length > 0) return refusal(sealingId, unreadyBefore);
  let resealed = 0;
  const unopened = new Set<string>();
  const reseal = async (name: SealedName) => {
    for (const column of sealedColumns[name].columns) {
      for await (const batch of resealAll(deps, { name, column })) {
        resealed += batch.resealed;
        for (const what of batch.unopened) unopened.add(what);
        onProgress({ sealed: name, resealed });
      }
    }
  };
  // From here on no process starts without the new key; one that started just before is found by the second check.
  await resealKeyCheck(deps, { id: true });
  const unready = await findUnreadyProcesses(deps);
  if (unready.length > 0) return refusal(sealingId, unready);
  for (let pass = 1; pass <= maxPasses; pass++) {
    const before = resealed;
    for (const name of sealedNames) if (name !== 'key_check.value') await reseal(name);
    if (resealed === before) break;
  }
  const byKey = Object.fromEntries(
    Object.entries(await countSealed(db)).filter(([id]) => id !== sealingId),
  );
  // No process starts without an old key for as long as that key encrypts a secret.
  const isDone = oldIds.every((id) => byKey[id] === undefined);
  if (isDone) await resealKeyCheck(deps, { id: false });
  const sealingWithOld = (await listSeenKeys(db)).filter(({ keyIds }) => keyIds[0] !== sealingId);
  return {
    kind: 'rotated',
    resealed,
    canBeRemoved: oldIds.filter(
      (id) => byKey[id] === undefined && sealingWithOld.every(({ keyIds }) => keyIds[0] !== id),
    ),
    remaining: { byKey, unopened: [...unopened], sealingWithOld },
  };
}

/** Processes that could not decrypt with the new key. */
async function findUnreadyProcesses({ db, sealer }: Deps): Promise<SeenProcess[]> {
  const seen = await listSeenKeys(db);
  return seen.filter(({ keyIds }) => !keyIds.includes(sealer.keyIds[0]));
}

function refusal(sealingId: string, processes: SeenProcess[]): Rotation {
  const reason = `${processes.length} running processes do not know the key ${sealingId}, or do not report their keys. Start every process with TENDER_SECRET_KEYS=<old>,<new>, then with <new>,<old>, then rotate (docs/operations/secrets.md)`;
  return { kind: 'refused', reason, processes };
}

async function* resealAll(deps: Deps, column: { name: SealedName; column: PgColumn }) {
  let after: string | undefined;
  do {
    const batch = await resealBatch(deps, { ...column, after, limit: batchRows });
    yield batch;
    after = batch.through;
  } while (after !== undefined);
}
