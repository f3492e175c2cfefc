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

/** A shard's epochs, oldest first, and the last position assigned. */
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
  // No process has recorded an identity yet: this is the first epoch.
  const first = { tag: '', beganAfter: 0, beganAt: new Date(0) };
  return { epochs: epochs.length > 0 ? epochs : [first], end: rows[0]?.end ?? 0 };
}

/**
 * Starts a new epoch of every shard's feed if the database is another copy than the last recorded one, or if an
 * operator reports a restore (`isRestored`), because a restored disk has the same identity. Returns the shards with a
 * new epoch.
 */
export async function keepFeedEpochs(
  db: Database,
  { shards, isRestored = false }: { shards: readonly number[]; isRestored?: boolean },
): Promise<{ begun: number[] }> {
  const identity = await identityOf(db);
  const begun: number[] = [];
  for (const shard of shards) {
    // Usually it is the same copy, and publishers need not wait for the check.
    const last = isRestored ? undefined : (await epochsOf(db, shard)).at(-1);
    if (last && isSameCopy(last.identity, identity)) continue;
    const isNew = await db.transaction(async (tx) => {
      // Assigning a position needs this row's lock, so none is assigned between the two reads.
      const [row] = await tx
        .select({ end: dispatchShards.lastPosition })
        .from(dispatchShards)
        .where(eq(dispatchShards.shard, shard))
        .for('update');
      const last = (await epochsOf(tx, shard)).at(-1);
      if (last && !isRestored && isSameCopy(last.identity, identity)) return false;
      const inserted = await tx
        .insert(feedEpochs)
        .values({
          shard,
          identity,
          number: last ? last.number + 1 : 0,
          tag: last ? newTag() : '',
          beganAfter: last ? (row?.end ?? 0) : 0,
        })
        // Two processes may start at once on a shard without positions.
        .onConflictDoNothing()
        .returning({ number: feedEpochs.number });
      return last !== undefined && inserted.length > 0;
    });
    if (isNew) begun.push(shard);
  }
  return { begun };
}

const epochsOf = (db: Database | Transaction, shard: number) =>
  db.select().from(feedEpochs).where(eq(feedEpochs.shard, shard)).orderBy(asc(feedEpochs.number));

/** Identifies the copy: a new cluster, one continued from a backup and tables restored from a dump all differ. */
async function identityOf(db: Database): Promise<DatabaseIdentity> {
  const [system, timeline, table] = await Promise.all(
    [
      sql`select system_identifier::text as value from pg_control_system()`,
      sql`select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as value`,
      sql`select 'events'::regclass::oid::text as value`,
    ].map((query) =>
      db.execute<{ value: string }>(query).then(
        ({ rows }) => rows[0]?.value,
        // Some hosted services do not expose this.
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
