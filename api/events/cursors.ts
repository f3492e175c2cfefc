import { shards } from '../../orchestration/required-workflows.ts';
import type { Database } from '../../db/database.ts';
import { keepFeedEpochs, readFeedLog } from '../../db/queries/feed-epochs.ts';
import { formatCursor, judgeCursor, parseCursor } from '../../domain/cursor.ts';
import type { Cursor, CursorVerdict, FeedEpoch } from '../../domain/cursor.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Problem } from '../problems.ts';

/** Reads and writes the cursors of readers. */
export type Cursors = {
  /**
   * Returns a function that formats a position as a cursor: of a shard's feed, or of another log in the same database.
   */
  writer(shard: number, of?: 'feed' | 'other'): Promise<(position: number) => string>;
  /**
   * The position of a cursor. Throws the 410 problem if the log does not have it: the shard's feed, or another log as
   * old as the database.
   */
  read(shard: number, cursor: string, other?: OtherLog): Promise<number>;
};

/** A log with its own positions, such as a topic's. */
export type OtherLog = {
  end(): Promise<number>;
  /** Its last position at a moment. */
  endAt(moment: Date): Promise<number>;
};

type Log = Awaited<ReturnType<typeof readFeedLog>>;

/** How long this process may miss another process's record that the log was cut. */
const cachedForMs = 2_000;
const detectCutsEveryMs = 60_000;
const alertEveryMs = 60_000;

/** Creates the cursors. A request costs at most one statement, and only if this process did not write its cursor. */
export function createCursors({ db, logger }: { db: Database; logger: Logger }): Cursors {
  const cache = new Map<number, { log: Log; untilMs: number }>();
  const loads = new Map<number, Promise<Log>>();
  let nextDetectionMs = Date.now() + detectCutsEveryMs;

  function detectCutsPeriodically(): void {
    if (Date.now() < nextDetectionMs) return;
    nextDetectionMs = Date.now() + detectCutsEveryMs;
    detectFeedCuts({ db, logger }).catch((error: unknown) =>
      logger.warn(
        { event: 'feed.cuts_unread', err: error },
        'could not check whether the feed was cut',
      ),
    );
  }

  async function loadLog(shard: number): Promise<Log> {
    const log = await readFeedLog(db, { shard });
    cache.set(shard, { log, untilMs: Date.now() + cachedForMs });
    return log;
  }

  /** At most `cachedForMs` old. */
  function freshLog(shard: number): Promise<Log> {
    detectCutsPeriodically();
    const known = cache.get(shard);
    if (known && known.untilMs > Date.now()) return Promise.resolve(known.log);
    const loading = loads.get(shard) ?? loadLog(shard).finally(() => loads.delete(shard));
    loads.set(shard, loading);
    return loading;
  }

  let refused = 0;
  let nextLogMs = 0;

  /** Logs refused cursors at most once a minute, with their number, because any merchant can invent a cursor. */
  function logRefusal(about: { shard: number; cursor: string; restartAfter: string }): void {
    refused += 1;
    if (Date.now() < nextLogMs) return;
    nextLogMs = Date.now() + alertEveryMs;
    logger.error(
      { event: 'feed.cursor_refused', ...about, count: refused },
      'a cursor is not in the feed; check whether the database was restored',
    );
    refused = 0;
  }

  // Uses a cached log without refresh: a cursor with the tag of a cut epoch is refused after the cut, never misread.
  const writer: Cursors['writer'] = async (shard, of = 'feed') => {
    const loading = freshLog(shard);
    loading.catch(() => {});
    const log = cache.get(shard)?.log ?? (await loading);
    const tag = log.epochs.at(-1)?.tag ?? '';
    return (position) => {
      // Raises the known end, so that a cursor written here needs no statement when it returns.
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
    // The cached log may be older than the cursor.
    return verdict.kind === 'valid' ? verdict : judgeCursor(cursor, await loadLog(shard));
  }

  return {
    writer,
    async read(shard, text, other) {
      const cursor = parseCursor(text);
      const verdict = await judge(shard, cursor, other);
      if (verdict.kind === 'valid') return cursor.position;
      const restartAfter = (await writer(shard))(verdict.restartAfter);
      logRefusal({ shard, cursor: text, restartAfter });
      throw new Problem('cursor-not-in-feed', `The feed has no position ${text}.`, {
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

/** Begins new feed epochs if the database is another copy than before (restored from a backup), and logs an alert. */
export async function detectFeedCuts({
  db,
  logger,
}: {
  db: Database;
  logger: Logger;
}): Promise<void> {
  const { begun } = await keepFeedEpochs(db, { shards });
  if (begun.length === 0) return;
  logger.error(
    { event: 'feed.epoch_begun', shards: begun },
    'the database was replaced by another copy; readers whose cursors are ahead of it get 410 and restart',
  );
}
