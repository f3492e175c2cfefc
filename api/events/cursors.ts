import { shards } from '../../orchestration/required-workflows.ts';
import type { Database } from '../../db/database.ts';
import { keepFeedEpochs, readFeedLog } from '../../db/queries/feed-epochs.ts';
import { formatCursor, judgeCursor, parseCursor } from '../../domain/cursor.ts';
import type { Cursor, CursorVerdict, FeedEpoch } from '../../domain/cursor.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Problem } from '../problems.ts';

/** Cursors of the feed, as readers give them and are given them. */
export type Cursors = {
  /** How a position that was read is written now: in a shard's feed, or in another log of the same database. */
  writer(shard: number, of?: 'feed' | 'other'): Promise<(position: number) => string>;
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

/** Costs a request at most one statement, and that only where it brings a cursor that this process did not give. */
export function createCursors({ db, logger }: { db: Database; logger: Logger }): Cursors {
  const kept = new Map<number, { log: Log; untilMs: number }>();
  const underWay = new Map<number, Promise<Log>>();
  let looksAtMs = Date.now() + lookForCutsEveryMs;

  function lookNowAndThen(): void {
    if (Date.now() < looksAtMs) return;
    looksAtMs = Date.now() + lookForCutsEveryMs;
    lookForCuts({ db, logger }).catch((error: unknown) =>
      logger.warn({ event: 'feed.cuts_unread', err: error }, 'not seen whether the log was cut'),
    );
  }

  async function loadLog(shard: number): Promise<Log> {
    const log = await readFeedLog(db, { shard });
    kept.set(shard, { log, untilMs: Date.now() + keptMs });
    return log;
  }

  /** At most `keptMs` old. */
  function freshLog(shard: number): Promise<Log> {
    lookNowAndThen();
    const known = kept.get(shard);
    if (known && known.untilMs > Date.now()) return Promise.resolve(known.log);
    const loading = underWay.get(shard) ?? loadLog(shard).finally(() => underWay.delete(shard));
    underWay.set(shard, loading);
    return loading;
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

  // Nobody waits for a newer log: under a tag that was cut off, what came after the cut is refused, never mistaken.
  const writer: Cursors['writer'] = async (shard, of = 'feed') => {
    const loading = freshLog(shard);
    loading.catch(() => {});
    const log = kept.get(shard)?.log ?? (await loading);
    const tag = log.epochs.at(-1)?.tag ?? '';
    return (position) => {
      // Whoever comes back with it need not be looked up.
      if (of === 'feed') log.end = Math.max(log.end, position);
      return formatCursor({ position, tag });
    };
  };

  async function judge(
    shard: number,
    cursor: Cursor,
    other: OtherLog | undefined,
  ): Promise<CursorVerdict> {
    const known = await freshLog(shard);
    if (other) return judgeCursor(cursor, await asLog(known, other));
    const verdict = judgeCursor(cursor, known);
    // What was kept may be older than the cursor.
    return verdict.kind === 'valid' ? verdict : judgeCursor(cursor, await loadLog(shard));
  }

  return {
    writer,
    async read(shard, text, other) {
      const cursor = parseCursor(text);
      const verdict = await judge(shard, cursor, other);
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
