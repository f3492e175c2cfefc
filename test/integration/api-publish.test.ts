import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareEvent } from '../../api/events/prepare-event.ts';
import { publishEvents } from '../../db/queries/publish-events.ts';
import { events as eventRows } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import { feedOf, publish, publishAll, readFeed, slugOf } from '../support/events.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant([]);
});
afterAll(() => world.close());

const cart = { type: 'cart.abandoned', data: { cart: '77', items: 2 } };

function preparedEvent(given: Parameters<typeof prepareEvent>[0], at: Date) {
  const made = prepareEvent(given, { at, requestKey: undefined });
  if (made.kind === 'refused') throw new Error(made.problem.message);
  return made.event;
}

/** How many events a merchant has in the log, numbered or not. */
const written = ({ merchantId }: TestMerchant) =>
  world.db.$count(eventRows, eq(eventRows.merchantId, merchantId));

describe('an event', () => {
  test('is answered with its id and reaches the feed and the endpoint as it was published', async () => {
    const own = await world.newMerchant([]);
    const inbox = await startReceiver();
    await own.api('POST', '/v1/endpoints', { body: { url: inbox.url, eventTypes: ['cart.*'] } });
    const { status, body } = await publish(own, {
      ...cart,
      resourceId: 'cart-77',
      occurredAt: '2026-11-22T10:30:00.123+01:00',
    });
    expect([status, body]).toEqual([
      201,
      {
        data: [
          {
            id: expect.stringMatching(/^evt_[0-9a-z]{26}$/),
            type: 'cart.abandoned',
            resourceId: 'cart-77',
            isNew: true,
          },
        ],
      },
    ]);
    const event = { id: body.data[0]?.id, ...cart, timestamp: '2026-11-22T09:30:00.123Z' };
    expect(await feedOf(own, 1)).toEqual([event]);
    const [received] = await until(
      'the delivery',
      () => inbox.received.length > 0 && inbox.received,
    );
    expect(received?.event).toEqual(event);
    await inbox.stop();
  });

  test('is about itself, and happened now, unless it says otherwise', async () => {
    const { body } = await publish(merchant, cart);
    expect(body.data[0]?.resourceId).toBe(body.data[0]?.id);
  });

  test('can be published in the shape in which it is delivered', async () => {
    const own = await world.newMerchant([]);
    await publish(own, { id: 'a', ...cart, timestamp: '2026-11-22T09:30:00.000Z' });
    const [event] = await feedOf(own, 1);
    expect(event?.timestamp).toBe('2026-11-22T09:30:00.000Z');
  });

  test('keeps every value that JSON can carry', async () => {
    const own = await world.newMerchant([]);
    const data = JSON.parse(
      `{"text":"a\\u0000\\ud800\\"'\\\\ 😀","empty":{},"none":null,"list":[[],[1.5e-7,-3,true]],
        "constructor":"x","largest":9007199254740991}`,
    ) as Record<string, unknown>;
    await publish(own, { type: 'cart.changed', data });
    expect((await feedOf(own, 1))[0]?.data).toEqual(data);
  });
});

test('channels may be called anything, and are found under their names', async () => {
  const own = await world.newMerchant([]);
  const channels = ['NULL', '{}', 'a"b', "a\\'b", 'ü 😀', '{"a"}'];
  const [id] = await publishAll(own, [{ ...cart, channels }]);
  await feedOf(own, 1);
  const { body } = await own.api('GET', `/v1/events/${id}`);
  expect(body['channels']).toEqual(channels.toSorted());
  for (const channel of channels) {
    const query = `channels=${encodeURIComponent(channel)}`;
    expect((await readFeed(own, { query })).events).toHaveLength(1);
  }
});

describe('a batch', () => {
  test('of 1,000 is taken whole, in the order of the request', async () => {
    const own = await world.newMerchant([]);
    const ids = await publishAll(
      own,
      Array.from({ length: 1_000 }, (_, number) => ({ ...cart, data: { number } })),
    );
    expect(new Set(ids).size).toBe(1_000);
    const feed = await feedOf(own, 1_000);
    expect(feed.map(({ id }) => id)).toEqual(ids);
    expect(feed.map(({ data }) => data['number'])).toEqual(ids.map((_, index) => index));
  });

  test('with one event that cannot be taken is refused whole', async () => {
    const own = await world.newMerchant([]);
    const { status, body } = await publish(own, {
      events: [cart, { ...cart, type: 'order.paid' }],
    });
    expect([status, body.errors]).toMatchObject([400, [{ in: 'body', field: '/events/1/type' }]]);
    expect(await written(own)).toBe(0);
  });
});

describe('the same id', () => {
  test('is published once, and answered with what there is', async () => {
    const own = await world.newMerchant([]);
    const event = { id: 'once', ...cart, resourceId: 'cart-77', channels: ['b', 'a'] };
    const first = await publish(own, event);
    const again = await publish(own, {
      ...event,
      channels: ['a', 'b'],
      data: { items: 2, cart: '77' },
    });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.data).toEqual(first.body.data.map((each) => ({ ...each, isNew: false })));
    expect(await written(own)).toBe(1);
  });

  test.each([
    ['data', { data: { cart: '78', items: 2 } }],
    ['type', { type: 'cart.changed' }],
    ['resourceId', { resourceId: 'cart-78' }],
    ['channels', { channels: ['web'] }],
    ['occurredAt', { occurredAt: '2026-11-22T09:30:00Z' }],
  ])('with another %s is refused, naming the event, and nothing is written', async (_, change) => {
    const own = await world.newMerchant([]);
    await publish(own, { id: 'once', ...cart });
    const again = await publish(own, { events: [cart, { id: 'once', ...cart, ...change }] });
    expect([again.status, slugOf(again)]).toEqual([422, 'event-id-reused']);
    expect(again.body.errors).toMatchObject([{ in: 'body', field: '/events/1/id' }]);
    expect(await written(own)).toBe(1);
  });

  test('without what was given before is other content', async () => {
    const own = await world.newMerchant([]);
    const given = { resourceId: 'cart-77', occurredAt: '2026-11-22T09:30:00Z' };
    await publish(own, { id: 'once', ...cart, ...given });
    expect((await publish(own, { id: 'once', ...cart, ...given })).status).toBe(200);
    for (const field of ['resourceId', 'occurredAt'] as const) {
      const { [field]: _left, ...rest } = given;
      expect((await publish(own, { id: 'once', ...cart, ...rest })).status).toBe(422);
    }
  });

  test('among new events leaves them new', async () => {
    const own = await world.newMerchant([]);
    const [known] = await publishAll(own, [{ id: 'b', ...cart }]);
    const { status, body } = await publish(own, {
      events: [{ id: 'a', ...cart }, { id: 'b', ...cart }, cart],
    });
    expect([status, body.data.map(({ isNew }) => isNew)]).toEqual([201, [true, false, true]]);
    expect(body.data[1]?.id).toBe(known);
    expect(await written(own)).toBe(3);
  });

  test('twice in one request is refused', async () => {
    const { status, body } = await publish(merchant, {
      events: [{ id: 'twice', ...cart }, cart, { id: 'twice', ...cart }],
    });
    expect([status, body.errors]).toMatchObject([400, [{ field: '/events/2/id' }]]);
  });

  test('of another merchant is another event', async () => {
    const [own, other] = [await world.newMerchant([]), await world.newMerchant([])];
    const [first] = await publishAll(own, [{ id: 'mine', ...cart }]);
    const [second] = await publishAll(other, [{ id: 'mine', ...cart, data: { theirs: true } }]);
    expect(first).not.toBe(second);
    expect((await feedOf(own, 1)).map(({ id }) => id)).toEqual([first]);
    expect((await feedOf(other, 1)).map(({ id }) => id)).toEqual([second]);
  });

  test('from many publishers at once is one event', async () => {
    const own = await world.newMerchant([]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => publish(own, { id: 'once', ...cart })),
    );
    expect(new Set(answers.map(({ body }) => body.data[0]?.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await written(own)).toBe(1);
  });

  test('from many processes at once is one event', async () => {
    const own = await world.newMerchant([]);
    const { merchantId: id } = own;
    // Each process gathers what its own publishers say; here every one writes by itself.
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const at = new Date(Date.now() + n);
        const events = ['a', 'b', 'c'].map((key) => preparedEvent({ id: key, ...cart }, at));
        return publishEvents(world.db, {
          merchant: { id, shard: 0 },
          events: n % 2 ? events : events.toReversed(),
          types: [{ name: cart.type, version: null }],
          keyPastEnd: null,
        });
      }),
    );
    const told = results.flatMap((result) => (result.kind === 'published' ? result.events : []));
    expect(told).toHaveLength(60);
    expect(told.filter(({ isNew }) => isNew)).toHaveLength(3);
    expect(new Set(told.map(({ event }) => event.id)).size).toBe(3);
    expect(await written(own)).toBe(3);
  });

  test('that another process is just writing is awaited, and answered with what that writes', async () => {
    const own = await world.newMerchant([]);
    const { merchantId } = own;
    const prepared = preparedEvent({ id: 'once', ...cart }, new Date());
    const { id, type, resourceId, body: envelope, createdAt, dedupeKey } = prepared;
    const answered = await world.db.transaction(async (tx) => {
      const row = { id, type, resourceId, body: envelope, createdAt, dedupeKey };
      await tx.insert(eventRows).values({ ...row, merchantId, shard: 0 });
      const waiting = publish(own, { events: [{ id: 'once', ...cart }, cart] });
      await until('the publisher to wait', async () => {
        const { rows } = await world.db.execute(
          sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%with stale as%'`,
        );
        return rows.length > 0;
      });
      return { waiting };
    });
    const { status, body } = await answered.waiting;
    expect([status, body.data.map(({ isNew }) => isNew)]).toEqual([201, [false, true]]);
    expect(body.data[0]?.id).toBe(id);
    expect(await written(own)).toBe(2);
  });

  test('is known again, though it was published among many others at once', async () => {
    const own = await world.newMerchant([]);
    const publishEach = () =>
      Promise.all(Array.from({ length: 60 }, (_, n) => publish(own, { id: `e${n}`, ...cart })));
    const first = await publishEach();
    const again = await publishEach();
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]));
    expect(again.map(({ body }) => body.data[0]?.id)).toEqual(
      first.map(({ body }) => body.data[0]?.id),
    );
  });

  test('in batches that overlap, published at once, is one event in all of them', async () => {
    const own = await world.newMerchant([]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, from) =>
        publish(own, {
          // Each in another order, so that they meet in the middle and not at the first.
          events: Array.from({ length: 6 }, (_, i) => ({
            id: `e${(from * 5 + i * (from % 2 ? 1 : 5)) % 12}`,
            ...cart,
          })).filter((event, i, all) => all.findIndex(({ id }) => id === event.id) === i),
        }),
      ),
    );
    expect(answers.map(({ status }) => status).filter((status) => status >= 300)).toEqual([]);
    const ids = new Set(answers.flatMap(({ body }) => body.data.map(({ id }) => id)));
    expect(await written(own)).toBe(ids.size);
    const fresh = answers.flatMap(({ body }) => body.data.filter(({ isNew }) => isNew));
    expect(fresh).toHaveLength(ids.size);
  });
});

describe('an Idempotency-Key', () => {
  const events = [cart, { ...cart, type: 'cart.changed' }];
  const keyed = (own: TestMerchant, body: unknown, key = 'k-1') =>
    publish(own, body, { 'idempotency-key': key });

  test('makes the whole request one that can be repeated', async () => {
    const own = await world.newMerchant([]);
    const first = await keyed(own, { events });
    const again = await keyed(own, { events });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.data).toEqual(first.body.data.map((each) => ({ ...each, isNew: false })));
    const other = await keyed(own, { events }, 'k-2');
    expect(other.body.data.map(({ isNew }) => isNew)).toEqual([true, true]);
    expect(await written(own)).toBe(4);
  });

  test.each([
    ['other events', [cart, cart]],
    ['fewer events', [cart]],
    ['more events', [...events, cart]],
  ])('used again for %s is refused, and nothing is written', async (_, changed) => {
    const own = await world.newMerchant([]);
    await keyed(own, { events });
    const again = await keyed(own, { events: changed });
    expect([again.status, slugOf(again)]).toEqual([422, 'idempotency-key-reused']);
    expect(again.body.errors).toMatchObject([{ in: 'header', field: 'idempotency-key' }]);
    expect(await written(own)).toBe(2);
  });

  test('is never taken for the id of an event', async () => {
    const own = await world.newMerchant([]);
    await keyed(own, cart);
    for (const id of ['k-1', 'k-1/0', 'k-1 0']) {
      expect((await publish(own, { id, ...cart })).status).toBe(201);
    }
    expect((await publish(own, { id: 'k-1\u001f0', ...cart })).status).toBe(400);
  });

  test('gives way to the id of an event that has one', async () => {
    const own = await world.newMerchant([]);
    await publish(own, { id: 'mine', ...cart });
    const { status, body } = await keyed(own, { events: [{ id: 'mine', ...cart }, cart] });
    expect([status, body.data.map(({ isNew }) => isNew)]).toEqual([201, [false, true]]);
    expect((await keyed(own, { events: [{ id: 'mine', ...cart }, cart] })).status).toBe(200);
  });
});

describe('what is refused', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : { deeper: deep(depth - 1) });

  test.each<[string, unknown]>([
    ['/type', { data: {} }],
    ['/type', { type: 'cart', data: {} }],
    ['/type', { type: 'Cart.Abandoned', data: {} }],
    ['/type', { type: 'cart.*', data: {} }],
    ['/type', { type: `cart.${'x'.repeat(128)}`, data: {} }],
    ['/type', { type: 'tender.news', data: {} }],
    ['/type', { type: 'endpoint.test', data: {} }],
    ['/data', { type: 'cart.changed' }],
    ['/data', { type: 'cart.changed', data: [] }],
    ['/data', { type: 'cart.changed', data: null }],
    ['/data', { type: 'cart.changed', data: { text: 'ä'.repeat(32 * 1_024) } }],
    [`/data${'/deeper'.repeat(64)}`, { type: 'cart.changed', data: deep(65) }],
    ['/data/a/1', '{"type":"cart.changed","data":{"a":[1,9007199254740993]}}'],
    ['/data/a', '{"type":"cart.changed","data":{"a":1e400}}'],
    ['/id', { id: '', ...cart }],
    ['/id', { id: 'x'.repeat(201), ...cart }],
    ['/id', { id: 'a\0', ...cart }],
    ['/resourceId', { ...cart, resourceId: 'x'.repeat(129) }],
    ['/channels', { ...cart, channels: Array.from({ length: 11 }, (_, i) => `c${i}`) }],
    ['/channels/0', { ...cart, channels: ['x'.repeat(65)] }],
    ['/channels/0', { ...cart, channels: ['a,b'] }],
    ['/occurredAt', { ...cart, occurredAt: 'yesterday' }],
    [
      '/timestamp',
      { ...cart, occurredAt: '2026-01-01T00:00:00Z', timestamp: '2026-01-01T00:00:00Z' },
    ],
    ['/colour', { ...cart, colour: 'red' }],
    ['/events', { events: [] }],
    ['/events', { events: Array.from({ length: 1_001 }, () => cart) }],
    ['/type', { events: [cart], type: 'cart.changed' }],
    ['/events/1/data', { events: [cart, { type: 'cart.changed' }] }],
    ['', '7'],
  ])('is named: %s', async (field, body) => {
    const answer = await publish(merchant, body);
    expect([answer.status, slugOf(answer)]).toEqual([400, 'invalid-request']);
    expect(answer.body.errors.map((error) => error.field)).toEqual([field]);
  });

  test('is data that is a level too deep, or a byte too long, and no less', async () => {
    expect((await publish(merchant, { ...cart, data: deep(64) })).status).toBe(201);
    const text = 'x'.repeat(64 * 1_024 - '{"text":""}'.length);
    expect((await publish(merchant, { ...cart, data: { text } })).status).toBe(201);
    expect((await publish(merchant, { ...cart, data: { text: `${text}x` } })).status).toBe(400);
  });

  test('is a body that is no JSON, or not UTF-8', async () => {
    for (const body of ['{', '', '{"type":']) {
      const answer = await publish(merchant, body);
      expect([answer.status, slugOf(answer)]).toEqual([400, 'malformed-json']);
    }
    const latin = Buffer.from('{"type":"cart.changed","data":{"a":"\xe4"}}', 'latin1');
    const { status } = await fetch(`${world.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' },
      body: latin,
    });
    expect(status).toBe(400);
  });

  test('is a body of more than 4 MiB, said or not; less is taken', async () => {
    const filler = { ...cart, data: { text: 'x'.repeat(60_000) } };
    const batch = (length: number) => ({ events: Array.from({ length }, () => filler) });
    expect((await publish(merchant, batch(65))).status).toBe(201);
    const large = JSON.stringify(batch(70));
    expect(slugOf(await publish(merchant, large))).toBe('content-too-large');
    const chunked = await fetch(`${world.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
    // The rest of the API takes 64 kB as before.
    const elsewhere = await merchant.api('POST', '/v1/endpoints', { body: 'x'.repeat(70_000) });
    expect(elsewhere.status).toBe(413);
  });

  test('is an Idempotency-Key that is none', async () => {
    const { status, body } = await publish(merchant, cart, { 'idempotency-key': 'a b' });
    expect([status, body.errors]).toMatchObject([
      400,
      [{ in: 'header', field: 'idempotency-key' }],
    ]);
  });
});

describe('in other formats', () => {
  const post = async (own: TestMerchant, contentType: string, body: string, more = {}) =>
    publish(own, body, { 'content-type': contentType, ...more });

  test.each([
    [
      'a structured CloudEvent',
      'application/cloudevents+json',
      JSON.stringify({
        specversion: '1.0',
        id: 'ce-1',
        source: '/shop',
        type: 'cart.abandoned',
        subject: 'cart-77',
        time: '2026-11-22T09:30:00Z',
        data: cart.data,
      }),
      {},
    ],
    [
      'a binary CloudEvent',
      'application/json',
      JSON.stringify(cart.data),
      {
        'ce-specversion': '1.0',
        'ce-id': 'ce-1',
        'ce-source': '/shop',
        'ce-type': 'cart.abandoned',
        'ce-subject': 'cart-77',
        'ce-time': '2026-11-22T09:30:00Z',
      },
    ],
  ])('%s is the same event', async (_, contentType, body, headers) => {
    const own = await world.newMerchant([]);
    const first = await post(own, contentType, body, headers);
    expect([first.status, first.body.data]).toMatchObject([201, [{ resourceId: 'cart-77' }]]);
    expect(await feedOf(own, 1)).toMatchObject([
      { ...cart, timestamp: '2026-11-22T09:30:00.000Z' },
    ]);
    expect((await post(own, contentType, body, headers)).status).toBe(200);
  });

  test('a type that is not read is refused before the body is', async () => {
    const answer = await post(merchant, 'text/plain', 'cart.abandoned');
    expect([answer.status, slugOf(answer)]).toEqual([415, 'unsupported-media-type']);
  });

  test('what is wrong is named all the same', async () => {
    const answer = await post(merchant, 'application/cloudevents+json', '{"specversion":"1.0"}');
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toHaveLength(1);
  });
});

describe('events of another merchant', () => {
  test('never appear, whatever is asked', async () => {
    const [own, other] = [await world.newMerchant([]), await world.newMerchant([])];
    const [foreign] = await publishAll(other, [
      { ...cart, resourceId: 'cart-77', channels: ['web'] },
    ]);
    await feedOf(other, 1);
    for (const query of ['', 'resourceId=cart-77', 'channels=web', 'types=cart.*']) {
      expect((await readFeed(own, { query })).events).toEqual([]);
    }
    const latest = await own.api('GET', '/v1/events/latest?resourceIds=cart-77');
    expect(latest.body).toEqual({ data: [], cursor: '0' });
    expect((await own.api('GET', `/v1/events/${foreign}`)).status).toBe(404);
    expect((await own.api('GET', `/v1/events/${newId('event')}`)).status).toBe(404);
    expect((await other.api('GET', `/v1/events/${foreign}`)).status).toBe(200);
  });
});
