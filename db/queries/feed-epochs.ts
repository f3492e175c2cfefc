import { randomBytes } from 'node:crypto';
import { asc, eq, sql } from 'drizzle-orm';
import type { FeedEpoch } from '../../domain/cursor.ts';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { dispatchShards } from '../schema/events.ts';
import { feedEpochs } from '../schema/feed-epochs.ts';
import type { DatabaseIdentity } from '../schema/feed-epochs.ts';

const tagLength = 6;
const tagAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** A shard's epochs, oldest first, and the last position that was given in it. */
export async function readFeedLog(
  db: Database,
  { shard }: { shard: number },
): Promise<{ epochs: (FeedEpoch & { beganAt: Date })[]; end: number }> {
  const rows = await db
    .select({
      end: dispatchShards.lastPosition,
      tag: feedEpochs.tag,
      beganAfter: feedEpochs.beganAfter,
      beganAt: feedEpochs.beganAt,
    })
    .from(dispatchShards)
    .fullJoin(feedEpochs, eq(feedEpochs.shard, dispatchShards.shard))
    .where(sql`coalesce(${dispatchShards.shard}, ${feedEpochs.shard}) = ${shard}`)
    .orderBy(asc(feedEpochs.number));
  const epochs = rows.flatMap(({ tag, beganAfter, beganAt }) =>
    tag === null || beganAfter === null || beganAt === null ? [] : [{ tag, beganAfter, beganAt }],
  );
  // Nobody has said yet which copy this is: its first epoch.
  const first = { tag: '', beganAfter: 0, beganAt: new Date(0) };
  return { epochs: epochs.length > 0 ? epochs : [first], end: rows[0]?.end ?? 0 };
}

/**
 * Begins another epoch of every shard's feed where this is another copy of the database than the one that last said
 * so, or where an operator says it (`isRestored`): a restored disk cannot be told from one that was never away. Says
 * which shards have a new one.
 */
export async function keepFeedEpochs(
  db: Database,
  { shards, isRestored = false }: { shards: readonly number[]; isRestored?: boolean },
): Promise<{ begun: number[] }> {
  const identity = await identityOf(db);
  const begun: number[] = [];
  for (const shard of shards) {
    // Almost always it is the same copy, and publishers need not be held up to see it.
    const last = isRestored ? undefined : (await epochsOf(db, shard)).at(-1);
    if (last && isSameCopy(last.identity, identity)) continue;
    const isBegun = await db.transaction(async (tx) => {
      // Whoever gives positions holds this row: none is given between the two looks.
      const [row] = await tx
        .select({ end: dispatchShards.lastPosition })
        .from(dispatchShards)
        .where(eq(dispatchShards.shard, shard))
        .for('update');
      const last = (await epochsOf(tx, shard)).at(-1);
      if (last && !isRestored && isSameCopy(last.identity, identity)) return false;
      const begunNow = await tx
        .insert(feedEpochs)
        .values({
          shard,
          identity,
          number: last ? last.number + 1 : 0,
          tag: last ? newTag() : '',
          beganAfter: last ? (row?.end ?? 0) : 0,
        })
        // Two processes that start at once on a shard that has given no position yet.
        .onConflictDoNothing()
        .returning({ number: feedEpochs.number });
      return last !== undefined && begunNow.length > 0;
    });
    if (isBegun) begun.push(shard);
  }
  return { begun };
}

const epochsOf = (db: Database | Transaction, shard: number) =>
  db.select().from(feedEpochs).where(eq(feedEpochs.shard, shard)).orderBy(asc(feedEpochs.number));

/** A cluster that was set up anew, one that went on from a backup, tables that a dump made again: each has another. */
async function identityOf(db: Database): Promise<DatabaseIdentity> {
  const [system, timeline, table] = await Promise.all(
    [
      sql`select system_identifier::text as value from pg_control_system()`,
      sql`select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as value`,
      sql`select 'events'::regclass::oid::text as value`,
    ].map((query) =>
      db.execute<{ value: string }>(query).then(
        ({ rows }) => rows[0]?.value,
        // Some services keep this from us.
        () => undefined,
      ),
    ),
  );
  return {
    ...(system !== undefined && { system }),
    ...(timeline !== undefined && { timeline }),
    ...(table !== undefined && { table }),
  };
}

function isSameCopy(a: DatabaseIdentity, b: DatabaseIdentity): boolean {
  return (['system', 'timeline', 'table'] as const).every(
    (part) => a[part] === undefined || b[part] === undefined || a[part] === b[part],
  );
}

function newTag(): string {
  const letters = Array.from(randomBytes(tagLength), (byte) => tagAlphabet[byte % 32]);
  return letters.join('');
}
