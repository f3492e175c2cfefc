import type { ApiAnswer } from './api-client.ts';
import { until } from './until.ts';
import type { TestMerchant } from './world.ts';

export type FeedEvent = {
  id: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
};

export type Feed = { data: FeedEvent[]; nextCursor: string; hasMore: boolean };

export type Published = {
  data: { id: string; type: string; resourceId: string; isNew: boolean }[];
};

export type ProblemBody = {
  type: string;
  detail: string;
  errors: { in: string; field: string; message: string }[];
};

export const slugOf = ({ body }: { body: { type?: unknown } }) =>
  String(body.type).split('/').at(-1);

/** Publishes, and gives the answer whatever it is. */
export function publish(
  { api }: TestMerchant,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<ApiAnswer<Published & ProblemBody>> {
  return api<Published & ProblemBody>('POST', '/v1/events', { body, headers });
}

/** Publishes what must be taken, in one request, and gives the ids. */
export async function publishAll(
  whose: TestMerchant,
  events: readonly Record<string, unknown>[],
): Promise<string[]> {
  const { status, text, body } = await publish(whose, { events });
  if (status !== 201) throw new Error(`POST /v1/events answered ${status}: ${text}`);
  return body.data.map(({ id }) => id);
}

/** The whole feed, page by page, as a client would read it. */
export async function readFeed(
  { api }: Pick<TestMerchant, 'api'>,
  { limit = 100, query = '', after = '0' }: { limit?: number; query?: string; after?: string } = {},
): Promise<{ events: FeedEvent[]; cursor: string }> {
  const events: FeedEvent[] = [];
  let cursor = after;
  for (;;) {
    const path = `/v1/events?after=${cursor}&limit=${limit}${query && `&${query}`}`;
    const { body } = await api<Feed>('GET', path);
    events.push(...body.data);
    cursor = body.nextCursor;
    if (!body.hasMore) return { events, cursor };
  }
}

/** Waits until the feed has so many events. */
export const feedOf = (whose: TestMerchant, count: number): Promise<FeedEvent[]> =>
  until(`${count} events in the feed`, async () => {
    const { events } = await readFeed(whose);
    return events.length >= count && events;
  });
