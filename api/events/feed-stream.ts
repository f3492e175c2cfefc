import type { Database } from '../../db/database.ts';
import type { FeedChanges } from '../../db/feed-changes.ts';
import { createWakeSignal } from '../../db/wake-signal.ts';
import type { FeedEvent } from '../../db/queries/list-events.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { FeedReader } from './read-feed.ts';

const pageLimit = 100;
const reconnectAfterMs = 3_000;

/** The interval of heartbeats on an idle stream. */
export const heartbeatMs = 15_000;

/**
 * The feed as Server-Sent Events (HTML standard, 9.2): `id` is the cursor, `event` the type, `data` the stored
 * envelope. The next page is read once the previous one was consumed, so a slow reader holds at most one page in
 * memory. Ends when the reader leaves, the process stops, the API key ends or the database fails; the reader reconnects
 * with `Last-Event-ID` and misses nothing.
 */
export function createFeedStream(input: {
  db: Database;
  feed: FeedChanges;
  logger: Logger;
  merchant: { id: MerchantId; shard: number };
  readFeed: FeedReader;
  after: number;
  /** Formats a position as the reader's cursor. */
  cursorAt: (position: number) => string;
  /** Calls `onEnd` once when the reader's API key ends; returns a function that stops watching. */
  watchKey: (onEnd: () => void) => () => void;
  heartbeatMs: number;
  stopping: AbortSignal;
  onEnd: () => void;
}): ReadableStream<Uint8Array> {
  const { db, merchant, stopping, cursorAt } = input;
  // A message without data only sets the reader's last event id.
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

  /** Waits for the next text to send; undefined when the stream is over. */
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
      // Includes the cursor, so that a reconnect does not read the skipped events again.
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
          input.logger.warn({ err: error }, 'an event stream failed');
          return undefined;
        });
        if (hasEnded) return;
        if (text !== undefined) return controller.enqueue(encoder.encode(text));
        end();
        controller.close();
      },
      cancel: end,
    },
    // No page is read ahead of the socket.
    { highWaterMark: 0 },
  );
}
