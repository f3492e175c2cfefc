import { shards } from '../activities/required-workflows.ts';
import type { Database } from '../db/database.ts';
import { keepFeedEpochs, readFeedLog } from '../db/queries/feed-epochs.ts';
import { formatCursor, judgeCursor, parseCursor } from '../domain/cursor.ts';
import type { FeedEpoch } from '../domain/cursor.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Problem } from './problems.ts';

/** Cursors of the feed, as readers give them and are given them. */
export type Cursors = {
  /** How a position is written in a shard's feed now. */
  writer(shard: number): Promise<(position: number) => string>;
  /**
   * The position a reader goes on from. Throws the 410 where it stands for nothing in this log: the shard's feed, or
   * another that is as old as the database.
   */
  read(shard: number, cursor: string, other?: OtherLog): Promise<number>;
};

/** A log with places of its own, such as a topic's. */
export type OtherLog = {
  end(): Promise<number>;
  /** Its last place at a moment. */
  endAt(moment: Date): Promise<number>;
};

type Log = Awaited<ReturnType<typeof readFeedLog>>;

/** How long another process's word that the log was cut takes to reach this one. */
const keptMs = 2_000;
const lookForCutsEveryMs = 60_000;
const alertEveryMs = 60_000;

export function createCursors({ db, logger }: { db: Database; logger: Logger }): Cursors {
  const kept = new Map<number, { log: Promise<Log>; untilMs: number }>();
  let looksAtMs = Date.now() + lookForCutsEveryMs;

  async function load(shard: number): Promise<Log> {
    if (Date.now() >= looksAtMs) {
      looksAtMs = Date.now() + lookForCutsEveryMs;
      await lookForCuts({ db, logger });
    }
    return readFeedLog(db, { shard });
  }

  function logOf(shard: number): Promise<Log> {
    const known = kept.get(shard);
    if (known && known.untilMs > Date.now()) return known.log;
    const log = load(shard);
    kept.set(shard, { log, untilMs: Date.now() + keptMs });
    log.catch(() => kept.delete(shard));
    return log;
  }

  let refused = 0;
  let saysRefusedAtMs = 0;

  /** Any merchant can make up a place: an alert that is said once a minute, with how many there were. */
  function sayRefused(about: { shard: number; cursor: string; restartAfter: string }): void {
    refused += 1;
    if (Date.now() < saysRefusedAtMs) return;
    saysRefusedAtMs = Date.now() + alertEveryMs;
    logger.error(
      { event: 'feed.cursor_refused', ...about, count: refused },
      'a reader knows a place that the feed does not have: was the database restored?',
    );
    refused = 0;
  }

  const writer = async (shard: number) => {
    const { epochs } = await logOf(shard);
    const tag = epochs.at(-1)?.tag ?? '';
    return (position: number) => formatCursor({ position, tag });
  };

  return {
    writer,
    async read(shard, text, other) {
      const cursor = parseCursor(text);
      const known = await logOf(shard);
      // What was kept may be older than the cursor.
      const isKnown = !other && judgeCursor(cursor, known).kind === 'valid';
      const verdict = isKnown
        ? { kind: 'valid' as const }
        : judgeCursor(cursor, other ? await asLog(known, other) : await readFeedLog(db, { shard }));
      if (verdict.kind === 'valid') return cursor.position;
      const restartAfter = (await writer(shard))(verdict.restartAfter);
      sayRefused({ shard, cursor: text, restartAfter });
      throw new Problem('cursor-not-in-feed', `The feed has no place ${text}.`, {
        extensions: { restartAfter },
      });
    },
  };
}

/** The epochs of a feed as those of another log in the same database. */
async function asLog(
  { epochs }: Log,
  other: OtherLog,
): Promise<Omit<Log, 'epochs'> & { epochs: FeedEpoch[] }> {
  const [first, ...later] = epochs;
  const cuts = await Promise.all(
    later.map(async ({ tag, beganAt }) => ({ tag, beganAfter: await other.endAt(beganAt) })),
  );
  return { epochs: [{ tag: first?.tag ?? '', beganAfter: 0 }, ...cuts], end: await other.end() };
}

/** Looks whether this is another copy of the database than before, and says so to operators. */
export async function lookForCuts({ db, logger }: { db: Database; logger: Logger }): Promise<void> {
  const { begun } = await keepFeedEpochs(db, { shards });
  if (begun.length === 0) return;
  logger.error(
    { event: 'feed.epoch_begun', shards: begun },
    'this is another copy of the database: readers who know more than it has are told to begin again',
  );
}
