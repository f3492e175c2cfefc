import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpoints } from '../../db/schema/index.ts';
import { eq } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import { feedOf, publish, publishAll, readFeed } from '../support/events.ts';
import type { Feed, FeedEvent, ProblemBody } from '../support/events.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
/** What `merchant` has published: one event a line, all of them in the feed. */
const lines = [
  { type: 'cart.opened', resourceId: 'cart-1', channels: ['web'], data: { items: 1 } },
  { type: 'cart.changed', resourceId: 'cart-1', data: { items: 2 } },
  { type: 'cart.opened', resourceId: 'cart-2', channels: ['app', 'web'], data: { items: 5 } },
  { type: 'stock.changed', resourceId: 'cart-2', channels: ['app'], data: { items: 7 } },
  { type: 'cart.changed', resourceId: 'cart-1', channels: ['shop'], data: { items: 3 } },
];
let ids: string[];
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant([]);
  ids = await publishAll(merchant, lines);
  await feedOf(merchant, lines.length);
});
afterAll(() => world.close());

const filterOf = (filter: unknown) => `filter=${encodeURIComponent(JSON.stringify(filter))}`;

describe('a reader of the feed', () => {
  test.each<[string, number[]]>([
    ['channels=web', [0, 2]],
    ['channels=app,shop', [2, 3, 4]],
    ['channels=none', []],
    ['resourceId=cart-1', [0, 1, 4]],
    ['resourceId=cart-1&types=cart.changed', [1, 4]],
    ['resourceId=cart-1&channels=web', [0]],
    ['types=cart.*&channels=app', [2]],
    [filterOf({ 'data.items': { $gte: 3 } }), [2, 3, 4]],
    [`types=cart.*&${filterOf({ 'data.items': { $gte: 3 } })}`, [2, 4]],
    [`resourceId=cart-2&${filterOf({ type: 'stock.changed' })}`, [3]],
  ])('gets what is asked for by %s, whatever the size of the pages', async (query, places) => {
    for (const limit of [1, 2, 100]) {
      const { events } = await readFeed(merchant, { query, limit });
      expect(events.map(({ id }) => id)).toEqual(places.map((place) => ids[place]));
    }
  });

  test.each(['types=refund.*', 'channels=none', 'resourceId=none', filterOf({ type: 'none' })])(
    'is told how far nothing was found: %s',
    async (query) => {
      const { cursor: end } = await readFeed(merchant);
      const { body } = await merchant.api<Feed>('GET', `/v1/events?${query}`);
      expect(body).toEqual({ data: [], nextCursor: end, hasMore: false });
    },
  );

  test('of few among very many gets on, look by look, and misses none', async () => {
    const own = await world.newMerchant([]);
    const noise = (length: number) =>
      Array.from({ length }, () => ({ type: 'noise.made', data: {}, channels: ['noise'] }));
    const [first] = await publishAll(own, [{ type: 'signal.given', data: {}, channels: ['s'] }]);
    for (let round = 0; round < 5; round++) await publishAll(own, noise(1_000));
    const [last] = await publishAll(own, [{ type: 'signal.given', data: {}, channels: ['s'] }]);
    await until('the last to be in the feed', async () => {
      const { body } = await own.api<{ cursor: string | null }>('GET', `/v1/events/${last}`);
      return body.cursor !== null;
    });
    for (const query of ['types=signal.*', 'channels=s', filterOf({ type: 'signal.given' })]) {
      const cursors: number[] = [];
      const seen: string[] = [];
      for (let after = '0', hasMore = true; hasMore;) {
        const { body } = await own.api<Feed>('GET', `/v1/events?after=${after}&${query}`);
        seen.push(...body.data.map(({ id }) => id));
        ({ nextCursor: after, hasMore } = body);
        cursors.push(Number(after));
      }
      expect(seen).toEqual([first, last]);
      // One look does not go through all of it, and none looks at the same again.
      expect(cursors.length).toBeGreaterThan(2);
      expect(cursors).toEqual([...new Set(cursors)].toSorted((a, b) => a - b));
    }
  });

  test('that waits is woken by what is asked for, and by nothing else', async () => {
    const own = await world.newMerchant([]);
    const waiting = own.api<Feed>(
      'GET',
      `/v1/events?wait=60&channels=web&${filterOf({ 'data.items': 2 })}`,
    );
    const passedOver = [
      { type: 'cart.changed', data: { items: 2 } },
      { type: 'cart.changed', channels: ['web'], data: { items: 1 } },
    ];
    await publishAll(own, passedOver);
    await feedOf(own, 2);
    const [wanted] = await publishAll(own, [
      { type: 'cart.changed', channels: ['web'], data: { items: 2 } },
    ]);
    expect((await waiting).body.data.map(({ id }) => id)).toEqual([wanted]);
  });

  test.each([
    ['channels', 'channels='],
    ['channels', `channels=${'x'.repeat(65)}`],
    ['resourceId', 'resourceId='],
    ['resourceId', `resourceId=${'x'.repeat(129)}`],
    ['filter', 'filter=items'],
    ['filter', 'filter=[]'],
    ['filter', filterOf({ 'data.items': { $near: 3 } })],
    ['colour', 'colour=red'],
  ])('is told that %s is not valid: %s', async (field, query) => {
    const { status, body } = await merchant.api<ProblemBody>('GET', `/v1/events?${query}`);
    expect(status).toBe(400);
    expect(new Set(body.errors.map((error) => error.field.split('.')[0]))).toEqual(
      new Set([field]),
    );
  });
});

describe('the newest state', () => {
  type Latest = { data: FeedEvent[]; cursor: string };
  const latest = (whose: TestMerchant, query: string, headers = {}) =>
    whose.api<Latest & ProblemBody>('GET', `/v1/events/latest?${query}`, { headers });

  test('is the last event of each resource and type', async () => {
    const { body } = await latest(merchant, 'resourceIds=cart-1,cart-2,none');
    expect(body.data.map(({ id }) => id)).toEqual([4, 0, 2, 3].map((place) => ids[place]));
    const carts = await latest(merchant, 'resourceIds=cart-1,cart-2&types=cart.*');
    expect(carts.body.data.map(({ id }) => id)).toEqual([4, 0, 2].map((place) => ids[place]));
    expect((await latest(merchant, 'resourceIds=none')).body).toEqual({ data: [], cursor: '0' });
  });

  test('can be read on from without a gap', async () => {
    const own = await world.newMerchant([]);
    await publishAll(own, lines);
    await feedOf(own, lines.length);
    const { body } = await latest(own, 'resourceIds=cart-1');
    const [next] = await publishAll(own, [{ ...lines[1] }]);
    const news = await until('the next event', async () => {
      const { events } = await readFeed(own, { query: 'resourceId=cart-1', after: body.cursor });
      return events.length > 0 && events;
    });
    expect(news.map(({ id }) => id)).toEqual([next]);
  });

  test('is refused where it is more than one answer has room for, and given in parts', async () => {
    const own = await world.newMerchant([]);
    const data = { text: 'x'.repeat(60_000) };
    const typesOf = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => `cart.t${from + n}`);
    for (let from = 0; from < 1_100; from += 100) {
      const events = typesOf(from, 100).map((type) => ({ type, resourceId: 'many', data: {} }));
      await publishAll(own, events);
    }
    for (let from = 0; from < 80; from += 8) {
      await publishAll(
        own,
        typesOf(from, 8).map((type) => ({ type, resourceId: 'large', data })),
      );
    }
    await feedOf(own, 1_180);
    for (const resourceId of ['many', 'large']) {
      const { status, body } = await latest(own, `resourceIds=${resourceId}`);
      expect([status, body.errors]).toMatchObject([400, [{ field: 'resourceIds' }]]);
      const some = await latest(own, `resourceIds=${resourceId}&types=cart.t1,cart.t2`);
      expect(some.body.data).toHaveLength(2);
    }
  });

  test('is not sent again while nothing is new', async () => {
    const own = await world.newMerchant([]);
    await publishAll(own, lines);
    await feedOf(own, lines.length);
    const first = await latest(own, 'resourceIds=cart-1');
    const etag = first.headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await latest(own, 'resourceIds=cart-1', { 'if-none-match': known });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    // Another resource's event is no news of this one.
    await publishAll(own, [{ ...lines[2] }]);
    await feedOf(own, lines.length + 1);
    const same = await latest(own, 'resourceIds=cart-1', { 'if-none-match': etag });
    expect(same.status).toBe(304);
    await publishAll(own, [{ ...lines[1] }]);
    await feedOf(own, lines.length + 2);
    const news = await latest(own, 'resourceIds=cart-1', { 'if-none-match': etag });
    expect(news.status).toBe(200);
    expect(news.headers.get('etag')).not.toBe(etag);
  });

  test.each([
    ['resourceIds', ''],
    ['resourceIds', `resourceIds=${Array.from({ length: 51 }, (_, i) => i).join()}`],
    ['types', 'resourceIds=a&types=Cart'],
  ])('cannot be asked without a valid %s: %s', async (field, query) => {
    const { status, body } = await latest(merchant, query);
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.field.split('.')[0])).toEqual([field]);
  });
});

describe('one event', () => {
  test('shows what happened to it at each endpoint that wanted it', async () => {
    const own = await world.newMerchant([]);
    const [well, gone] = [await startReceiver(), await startReceiver()];
    gone.answerWith(() => ({ status: 410 }));
    const register = async (url: string, eventTypes: string[]) =>
      (await own.api<{ id: string }>('POST', '/v1/endpoints', { body: { url, eventTypes } })).body
        .id;
    const [wellId, goneId] = [
      await register(well.url, ['cart.*']),
      await register(gone.url, ['cart.*']),
    ];
    await register(well.url, ['stock.*']);
    const line = lines[2]!;
    const { body: published } = await publish(own, line);
    const id = published.data[0]?.id;
    type Deliveries = { endpointId: string; status: string }[];
    const shown = await until('both ends', async () => {
      const { body } = await own.api<{ deliveries: Deliveries }>('GET', `/v1/events/${id}`);
      return body.deliveries.every(({ status }) => status !== 'pending') &&
        body.deliveries.length === 2
        ? body
        : undefined;
    });
    expect(shown).toMatchObject({
      id,
      type: line.type,
      data: line.data,
      resourceId: line.resourceId,
      channels: line.channels,
      cursor: expect.stringMatching(/^\d+$/),
    });
    const byEndpoint = new Map(shown.deliveries.map((each) => [each.endpointId, each]));
    expect(byEndpoint.get(wellId)).toMatchObject({
      status: 'delivered',
      reason: null,
      attempts: 1,
      nextAttemptAt: null,
      lastStatusCode: 204,
    });
    expect(byEndpoint.get(goneId)).toMatchObject({
      status: 'dead',
      reason: 'gone',
      attempts: 1,
      nextAttemptAt: null,
      lastStatusCode: 410,
    });
    const [row] = await world.db
      .select({ status: endpoints.status })
      .from(endpoints)
      .where(eq(endpoints.id, goneId as EndpointId));
    expect(row?.status).toBe('disabled');
    await Promise.all([well.stop(), gone.stop()]);
  });

  test('is found before it has its place in the feed, and has none then', async () => {
    const still = await openWorld({ hasWorker: false });
    const own = await still.newMerchant([]);
    const [id] = await publishAll(own, [{ ...lines[0] }]);
    const { body } = await own.api('GET', `/v1/events/${id}`);
    expect(body).toMatchObject({ ...lines[0], id, cursor: null, deliveries: [] });
    expect((await own.api<Feed>('GET', '/v1/events')).body.data).toEqual([]);
    await still.close();
  });

  test('that is none is not found, or not even an id', async () => {
    expect((await merchant.api('GET', '/v1/events/evt_1')).status).toBe(400);
  });
});
