import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKeyWatch } from '../../api/key-watch.ts';
import { createFeedStream } from '../../api/events/feed-stream.ts';
import { createFeedReader } from '../../api/events/read-feed.ts';
import { createFeedChanges } from '../../db/feed-changes.ts';
import { openChanges } from '../../db/changes.ts';
import type { Changes } from '../../db/changes.ts';
import { apiKeys } from '../../db/schema/index.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { openStream } from '../support/event-stream.ts';
import type { StreamReader } from '../support/event-stream.ts';
import { feedOf, publishAll, slugOf } from '../support/events.ts';
import type { ProblemBody } from '../support/events.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const logger = createLogger({ level: 'silent', name: 'test' });
let world: World;
let changes: Changes;
beforeAll(async () => {
  world = await openWorld();
  changes = await openChanges(world.config.database);
});
afterAll(async () => {
  await changes.close();
  await world.close();
});

const open = ({ key }: TestMerchant, query = '', headers: Record<string, string> = {}) =>
  openStream({ url: world.url, key, query, headers });
const has = (stream: StreamReader, count: number) =>
  until(`${count} messages`, () => stream.messages.length >= count);
const idsIn = ({ messages }: StreamReader) => messages.map(({ event }) => event.id);
const carts = (length: number, more = {}) =>
  Array.from({ length }, (_, n) => ({ type: 'cart.changed', data: { n }, ...more }));

describe('a stream', () => {
  test('begins with what comes next, and carries the stored bytes with cursor and type', async () => {
    const own = await world.newMerchant([]);
    await publishAll(own, carts(3));
    await feedOf(own, 3);
    const stream = await open(own);
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const ids = await publishAll(own, carts(2));
    await has(stream, 2);
    expect(idsIn(stream)).toEqual(ids);
    const raw = (await own.api('GET', '/v1/events?limit=100')).text;
    for (const { data, type } of stream.messages) {
      expect(type).toBe('cart.changed');
      expect(raw).toContain(data);
    }
    stream.leave();
  });

  test('goes on after a cursor, or after the last id, which counts for more', async () => {
    const own = await world.newMerchant([]);
    const ids = await publishAll(own, carts(250));
    await feedOf(own, 250);
    const all = await open(own, 'after=0');
    await has(all, 250);
    expect(idsIn(all)).toEqual(ids);
    const at = (place: number) => all.messages[place]?.id ?? '';
    const later = await open(own, `after=${at(9)}`);
    const reconnected = await open(own, 'after=0', { 'last-event-id': at(239) });
    await Promise.all([has(later, 240), has(reconnected, 10)]);
    expect(idsIn(later)).toEqual(ids.slice(10));
    expect(idsIn(reconnected)).toEqual(ids.slice(240));
    for (const stream of [all, later, reconnected]) stream.leave();
  });

  test('that broke before its first event is taken up where it began', async () => {
    const own = await world.newMerchant([]);
    await publishAll(own, carts(1));
    await feedOf(own, 1);
    const broken = await open(own);
    const cursor = await until('the opening', () => broken.lastEventId() || undefined);
    broken.leave();
    const missed = await publishAll(own, carts(2));
    await feedOf(own, 3);
    const again = await open(own, '', { 'last-event-id': cursor });
    await has(again, 2);
    expect(idsIn(again)).toEqual(missed);
    again.leave();
  });

  test('carries what is asked for and nothing else, nor another merchant’s', async () => {
    const [own, other] = [await world.newMerchant([]), await world.newMerchant([])];
    const filter = encodeURIComponent(JSON.stringify({ 'data.n': { $gte: 1 } }));
    const stream = await open(own, `types=cart.*&channels=web&filter=${filter}`);
    await publishAll(other, carts(3, { channels: ['web'] }));
    const [, second] = await publishAll(own, carts(2, { channels: ['web'] }));
    await publishAll(own, [
      ...carts(2),
      { type: 'stock.changed', data: { n: 1 }, channels: ['web'] },
    ]);
    const [, last] = await publishAll(own, carts(2, { channels: ['web'] }));
    await has(stream, 2);
    expect(idsIn(stream)).toEqual([second, last]);
    stream.leave();
  });

  test('holds back for a reader that does not read, and gives it all in the end', async () => {
    const own = await world.newMerchant([]);
    const stream = await open(own, 'after=0');
    stream.pause();
    const ids: string[] = [];
    const text = 'x'.repeat(8_000);
    for (let round = 0; round < 10; round++) {
      ids.push(...(await publishAll(own, carts(400, { data: { text } }))));
    }
    await until('the feed', async () => {
      const { body } = await own.api<{ cursor: string | null }>('GET', `/v1/events/${ids.at(-1)}`);
      return body.cursor !== null;
    });
    // 32 MB lie in the feed; the sockets took a few, and the reader nothing.
    expect(stream.messages.length).toBeLessThan(4_000);
    stream.resume();
    await has(stream, 4_000);
    expect(idsIn(stream)).toEqual(ids);
    stream.leave();
  });

  test.each([
    ['query', 'after', 'after=x', {}],
    ['query', 'types', 'types=Cart', {}],
    ['query', 'wait', 'wait=1', {}],
    ['header', 'last-event-id', '', { 'last-event-id': 'evt_1' }],
  ])('is refused for a wrong %s %s', async (place, field, query, headers) => {
    const own = await world.newMerchant([]);
    const { status, body } = await own.api<ProblemBody>('GET', `/v1/events/stream?${query}`, {
      headers,
    });
    expect(status).toBe(400);
    expect(body.errors.map((error) => [error.in, error.field.split('.')[0]])).toEqual([
      [place, field],
    ]);
  });

  test('beyond a hundred of one merchant is refused until one is left', async () => {
    const [own, other] = [await world.newMerchant([]), await world.newMerchant([])];
    const streams = await Promise.all(Array.from({ length: 100 }, () => open(own)));
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await own.api('GET', '/v1/events/stream');
    expect([refused.status, slugOf(refused)]).toEqual([429, 'too-many-streams']);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(
      (
        await fetch(`${world.url}/v1/events/stream`, {
          method: 'HEAD',
          headers: { authorization: `Bearer ${other.key}` },
        })
      ).status,
    ).toBe(200);
    const another = await open(other);
    expect(another.status).toBe(200);
    // All of them are told of the same.
    const [id] = await publishAll(own, carts(1));
    await until('all to hear', () => streams.every(({ messages }) => messages.length === 1));
    expect(new Set(streams.flatMap(idsIn))).toEqual(new Set([id]));
    streams[0]?.leave();
    const taken = await until('a place', async () => {
      const stream = await open(own);
      return stream.status === 200 && stream;
    });
    for (const stream of [...streams, another, taken]) stream.leave();
  });

  test('ends by itself when the process is asked to stop', async () => {
    const stopping = await openWorld({ hasWorker: false });
    const own = await stopping.newMerchant([]);
    const stream = await openStream({ url: stopping.url, key: own.key });
    await stopping.close();
    expect(await stream.ended).toBe(true);
  });
});

test('a merchant’s readers, however many are woken, leave the database’s connections to others', async () => {
  const own = await world.newMerchant([]);
  await publishAll(own, carts(1));
  await feedOf(own, 1);
  const pool = world.db.$client;
  let underWay = 0;
  let most = 0;
  const readFeed = createFeedReader({ patterns: ['cart.*'] });
  const counted = async () => {
    const page = await readFeed(world.db, { merchantId: own.merchantId, after: 0, limit: 10 });
    return page.events.length;
  };
  const real = pool.query.bind(pool) as (...given: unknown[]) => Promise<unknown>;
  const spied: (...given: unknown[]) => Promise<unknown> = async (...given) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const answer = await real(...given);
    underWay -= 1;
    return answer;
  };
  // It has many overloads, of which a promise is one.
  // oxlint-disable-next-line typescript/no-misused-promises
  vi.spyOn(pool, 'query').mockImplementation(spied);
  try {
    const found = await Promise.all(Array.from({ length: 50 }, counted));
    expect(new Set(found)).toEqual(new Set([1]));
    expect(most).toBe(4);
  } finally {
    vi.restoreAllMocks();
  }
});

describe('a stream by itself', () => {
  /** One with a quicker pace than the API's, read by hand. */
  async function streamOf(
    own: TestMerchant,
    { heartbeatMs = 60_000, stopAt = new AbortController() } = {},
  ) {
    const [key] = await world.db
      .select({ id: apiKeys.id })
      .from(apiKeys)
      .where(eq(apiKeys.merchantId, own.merchantId));
    const readFeed = createFeedReader({ patterns: ['cart.*'] });
    let ends = 0;
    let reads = 0;
    const stream = createFeedStream({
      feed: createFeedChanges({ db: world.db, changes }),
      db: world.db,
      logger,
      merchant: { id: own.merchantId, shard: 0 },
      readFeed: (...asked) => {
        reads += 1;
        return readFeed(...asked);
      },
      after: 0,
      cursorAt: String,
      watchKey: (onEnd) =>
        createKeyWatch({ db: world.db, changes, logger }).watch(
          { merchantId: own.merchantId, keyId: key!.id, expiresAt: null },
          onEnd,
        ),
      heartbeatMs,
      stopping: stopAt.signal,
      onEnd: () => (ends += 1),
    });
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    const next = async () => {
      const { value } = await reader.read();
      return value && decoder.decode(value);
    };
    return { next, reader, ends: () => ends, reads: () => reads };
  }

  test('says when to connect again and where, and shows that it lives while nothing comes', async () => {
    const own = await world.newMerchant([]);
    const { next, reader, ends } = await streamOf(own, { heartbeatMs: 20 });
    expect(await next()).toBe('retry: 3000\nid: 0\n\n');
    expect([await next(), await next()]).toEqual([':\n\n', ':\n\n']);
    await publishAll(own, [{ type: 'stock.changed', data: {} }]);
    // What is stepped over moves the cursor all the same.
    const moved = await until('the cursor to move', async () => {
      const text = await next();
      return text?.startsWith('id: ') && text;
    });
    expect(moved).toMatch(/^id: [1-9]\d*\n:\n\n$/);
    await reader.cancel();
    expect(ends()).toBe(1);
  });

  test('ends once its key is revoked', async () => {
    const own = await world.newMerchant([]);
    const { next, ends } = await streamOf(own, { heartbeatMs: 20 });
    expect([await next(), await next()]).toEqual(['retry: 3000\nid: 0\n\n', ':\n\n']);
    await world.db
      .update(apiKeys)
      .set({ revokedAt: new Date() })
      .where(eq(apiKeys.merchantId, own.merchantId));
    await until('the end', async () => (await next()) === undefined);
    expect(ends()).toBe(1);
  });

  test('ends at once when the process stops, while it waits for events', async () => {
    const stopAt = new AbortController();
    const { next, ends } = await streamOf(await world.newMerchant([]), { stopAt });
    await next();
    const waiting = next();
    stopAt.abort();
    expect(await waiting).toBeUndefined();
    expect(ends()).toBe(1);
  });

  test('reads nothing ahead of its reader', async () => {
    const own = await world.newMerchant([]);
    await publishAll(own, carts(150));
    await feedOf(own, 150);
    const { next, reader, reads } = await streamOf(own);
    const counts: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const text = await next();
      await feedOf(own, 150);
      counts.push([text?.match(/^data: /gm)?.length ?? 0, reads()]);
    }
    expect(counts).toEqual([
      [0, 0],
      [100, 1],
      [50, 2],
    ]);
    await reader.cancel();
  });
});
