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
/** A process that still seals with the old key may do so while a pass runs; one that does so for ever is reported. */
const mostPasses = 5;

export type Rotation =
  /** No secret was touched: these processes would not open what is sealed with the new key. */
  | { kind: 'refused'; reason: string; processes: SeenProcess[] }
  | {
      kind: 'rotated';
      resealed: number;
      /** The keys, by id, that nothing is sealed with any more and that no process seals with. */
      canBeRemoved: string[];
      /** What stands against removing the others. */
      remaining: {
        byKey: Record<string, number>;
        unopened: string[];
        sealingWithOld: SeenProcess[];
      };
    };

type Deps = { db: Database; sealer: Sealer };
type Progress = { sealed: SealedName; resealed: number };

/**
 * Seals everything again with the first key. What is sealed with it already is passed over, so a rotation that was
 * killed is finished by the next, and one more does nothing.
 */
export async function rotateKeys(
  deps: Deps,
  { onProgress }: { onProgress: (progress: Progress) => void },
): Promise<Rotation> {
  const { db, sealer } = deps;
  const [sealingId, ...oldIds] = sealer.keyIds;
  const strangersBefore = await findStrangers(deps);
  if (strangersBefore.length > 0) return refusal(sealingId, strangersBefore);
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
  // From here on nobody starts without the new key; who did so just now is seen.
  await resealKeyCheck(deps, { id: true });
  const strangers = await findStrangers(deps);
  if (strangers.length > 0) return refusal(sealingId, strangers);
  for (let pass = 1; pass <= mostPasses; pass++) {
    const before = resealed;
    for (const name of sealedNames) if (name !== 'key_check.value') await reseal(name);
    if (resealed === before) break;
  }
  const byKey = Object.fromEntries(
    Object.entries(await countSealed(db)).filter(([id]) => id !== sealingId),
  );
  // Nobody starts without an old key for as long as something is sealed with it.
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

/** Processes that would not open what the new key has sealed. */
async function findStrangers({ db, sealer }: Deps): Promise<SeenProcess[]> {
  const seen = await listSeenKeys(db);
  return seen.filter(({ keyIds }) => !keyIds.includes(sealer.keyIds[0]));
}

function refusal(sealingId: string, processes: SeenProcess[]): Rotation {
  const reason = `${processes.length} running processes do not know the key ${sealingId}, or do not say which they know. Start every process with TENDER_SECRET_KEYS=<old>,<new>, then with <new>,<old>, then rotate (docs/operations/secrets.md)`;
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
