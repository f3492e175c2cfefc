import type { Database } from '../../db/database.ts';
import type { FeedChanges } from '../../db/feed-changes.ts';
import { createWakeSignal } from '../../db/wake-signal.ts';
import type { FeedEvent } from '../../db/queries/list-events.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { FeedReader } from './read-feed.ts';

const pageLimit = 100;
const reconnectAfterMs = 3_000;

/** How often a quiet stream shows that it lives. */
export const heartbeatMs = 15_000;

/**
 * The feed as Server-Sent Events (HTML standard, 9.2): `id` is the cursor, `event` the type, `data` the
 * stored envelope. The next page is read once the last one was taken, so a slow reader holds at most one
 * in memory. Ends when the reader leaves, the process stops, its key is revoked or the database fails:
 * the reader connects again with `Last-Event-ID`, and misses nothing.
 */
export function createFeedStream(input: {
  db: Database;
  feed: FeedChanges;
  logger: Logger;
  merchant: { id: MerchantId; shard: number };
  readFeed: FeedReader;
  after: number;
  /** How a position is written for its reader. */
  cursorAt: (position: number) => string;
  /** Hears once that the reader's key has ended; gives back how to stop. */
  watchKey: (onEnd: () => void) => () => void;
  heartbeatMs: number;
  stopping: AbortSignal;
  onEnd: () => void;
}): ReadableStream<Uint8Array> {
  const { db, merchant, stopping, cursorAt } = input;
  // Without data a message sets the reader's last event id and nothing else.
  const cursorOf = (position: number) => `id: ${cursorAt(position)}\n`;
  const messageOf = ({ position, type, body }: FeedEvent) =>
    `${cursorOf(position)}event: ${type}\ndata: ${body}\n\n`;
  const wake = createWakeSignal();
  const stopListening = input.feed.subscribe(merchant, wake.signal);
  stopping.addEventListener('abort', wake.signal);
  let cursor = input.after;
  let hasEnded = false;
  let isKeyEnded = false;
  const stopWatching = input.watchKey(() => {
    isKeyEnded = true;
    wake.signal();
  });

  function end(): void {
    if (hasEnded) return;
    hasEnded = true;
    stopListening();
    stopWatching();
    stopping.removeEventListener('abort', wake.signal);
    wake.signal();
    input.onEnd();
  }

  const isOver = () => hasEnded || isKeyEnded || stopping.aborted;

  /** What to send next, waiting for it; undefined when the stream is over. */
  async function next(): Promise<string | undefined> {
    const heartbeatAtMs = Date.now() + input.heartbeatMs;
    const sentCursor = cursor;
    for (;;) {
      if (isOver()) return undefined;
      const page = await input.readFeed(db, {
        merchantId: merchant.id,
        after: cursor,
        limit: pageLimit,
      });
      cursor = page.through;
      if (page.events.length > 0) return page.events.map(messageOf).join('');
      if (page.hasMore) continue;
      const leftMs = heartbeatAtMs - Date.now();
      // The cursor goes with it, so that what was stepped over is not looked at again after a reconnect.
      if (leftMs <= 0) return cursor > sentCursor ? `${cursorOf(cursor)}:\n\n` : ':\n\n';
      await wake.wait(leftMs);
    }
  }

  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const opening = `retry: ${reconnectAfterMs}\n${cursorOf(cursor)}\n`;
        controller.enqueue(encoder.encode(opening));
      },
      async pull(controller) {
        const text = await next().catch((error: unknown) => {
          input.logger.warn({ err: error }, 'a stream of events was broken off');
          return undefined;
        });
        if (hasEnded) return;
        if (text !== undefined) return controller.enqueue(encoder.encode(text));
        end();
        controller.close();
      },
      cancel: end,
    },
    // Nothing is read ahead of the socket.
    { highWaterMark: 0 },
  );
}
