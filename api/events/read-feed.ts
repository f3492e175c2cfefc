import type { Database } from '../../db/database.ts';
import { createTurns } from '../../db/turns.ts';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import { listEvents } from '../../db/queries/list-events.ts';
import type { FeedEvent, FeedPage, FeedSelection } from '../../db/queries/list-events.ts';
import { compileFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';
import type { MerchantId } from '../../domain/ids.ts';

export type FeedWanted = FeedSelection & { filter?: Filter | null | undefined };

/** Reads the next page of a feed, as the database's `listEvents` does. */
export type FeedReader = (
  db: Database,
  input: { merchantId: MerchantId; after: number; limit: number },
) => Promise<FeedPage>;

const filteredLimit = 200;
// All readers of a merchant are woken by the same event. As many as wait would take every connection to the database
// from all others, again and again.
const readsAtOnce = 4;
const mostPages = 10;
// One answer may cost others so much of the loop's time, in slices; how far it came is its cursor.
const mostWorkMs = 500;

const takeTurn = createTurns({ atOnce: readsAtOnce });

const readPage = (db: Database, input: Parameters<typeof listEvents>[1]): Promise<FeedPage> =>
  takeTurn(input.merchantId, () => listEvents(db, input));

/**
 * A reader of what is wanted. The filter is compiled once; what it keeps out is read and stepped over, so
 * far as a page may take.
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
          // The reader goes on from the last one it was given: this one comes with the next page.
          if (events.length === limit)
            return { events, through: positionOf(events), hasMore: true };
          events.push(event);
        }
        if (workMs > mostWorkMs) return { events, through: event.position, hasMore: true };
      }
      through = page.through;
      if (!page.hasMore || pages === mostPages) return { events, through, hasMore: page.hasMore };
    }
  };
}

function positionOf(events: readonly FeedEvent[]): number {
  return events.at(-1)?.position ?? 0;
}
