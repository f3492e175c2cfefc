import type { Database } from '../../db/database.ts';
import { createTurns } from '../../db/turns.ts';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import { listEvents } from '../../db/queries/list-events.ts';
import type { FeedEvent, FeedPage, FeedSelection } from '../../db/queries/list-events.ts';
import { compileFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';
import type { MerchantId } from '../../domain/ids.ts';

export type FeedWanted = FeedSelection & { filter?: Filter | null | undefined };

/** Reads the next page of a feed, like `listEvents`. */
export type FeedReader = (
  db: Database,
  input: { merchantId: MerchantId; after: number; limit: number },
) => Promise<FeedPage>;

const filteredLimit = 200;
// One event wakes all readers of a merchant. Without a limit, many readers would take every database connection.
const readsAtOnce = 4;
const maxPages = 10;
// The event loop time that one response may use, in slices; its cursor tells how far it came.
const maxWorkMs = 500;

const takeTurn = createTurns({ atOnce: readsAtOnce });

const readPage = (db: Database, input: Parameters<typeof listEvents>[1]): Promise<FeedPage> =>
  takeTurn(input.merchantId, () => listEvents(db, input));

/**
 * Creates a reader of a selection. The filter is compiled once; events that do not match are read and skipped, up to
 * the limits of a page.
 */
export function createFeedReader({ filter, ...selection }: FeedWanted): FeedReader {
  if (!filter) return (db, input) => readPage(db, { ...selection, ...input });
  const accepts = compileFilter(filter);
  return async (db, { merchantId, after, limit }) => {
    const events: FeedEvent[] = [];
    let through = after;
    let workMs = 0;
    for (let pages = 1; ; pages++) {
      const page = await readPage(db, {
        ...selection,
        merchantId,
        limit: filteredLimit,
        after: through,
      });
      for (const event of page.events) {
        if (isSliceUsed()) await nextSlice();
        const beganMs = performance.now();
        const isAccepted = accepts(JSON.parse(event.body));
        workMs += performance.now() - beganMs;
        if (isAccepted) {
          // The cursor stays at the last returned event, so this one comes with the next page.
          if (events.length === limit)
            return { events, through: positionOf(events), hasMore: true };
          events.push(event);
        }
        if (workMs > maxWorkMs) return { events, through: event.position, hasMore: true };
      }
      through = page.through;
      if (!page.hasMore || pages === maxPages) return { events, through, hasMore: page.hasMore };
    }
  };
}

function positionOf(events: readonly FeedEvent[]): number {
  return events.at(-1)?.position ?? 0;
}
