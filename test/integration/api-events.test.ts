import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../domain/ids.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { ReceivedEvent, Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type Feed = { data: ReceivedEvent[]; nextCursor: string; hasMore: boolean };
type Endpoint = {
  id: string;
  url: string;
  eventTypes: string[];
  description: string | null;
  status: string;
  disabledReason: string | null;
  secret?: string;
};
type Problem = { type: string; errors: { in: string; field: string; message: string }[] };

let world: World;
let merchant: TestMerchant;
let receiver: Receiver;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await world.close();
});

const slugOf = ({ body }: { body: { type?: unknown } }) => String(body.type).split('/').at(-1);

const registerEndpoint = ({ api }: TestMerchant, body: Record<string, unknown>) =>
  api<Endpoint>('POST', '/v1/endpoints', { body });

/** The whole feed, page by page, as a client would read it. */
async function readFeed({ api }: TestMerchant, limit: number, types?: string) {
  const events: ReceivedEvent[] = [];
  let cursor = '0';
  for (;;) {
    const only: string = types === undefined ? '' : `&types=${types}`;
    const { body } = await api<Feed>('GET', `/v1/events?after=${cursor}&limit=${limit}${only}`);
    events.push(...body.data);
    cursor = body.nextCursor;
    if (!body.hasMore) return { events, cursor };
  }
}

/** Waits until the feed has so many events. */
const feedOf = (whose: TestMerchant, count: number) =>
  until(`${count} events in the feed`, async () => {
    const { events } = await readFeed(whose, 100);
    return events.length >= count && events;
  });

async function payOrder(whose: TestMerchant) {
  const order = await openOrder(whose);
  await payAtProvider(world, whose, order);
  await orderBecomes(whose, order, 'paid');
  return order;
}

describe('endpoints', () => {
  test('are registered, and show their secret once', async () => {
    const own = await world.newMerchant();
    const made = await registerEndpoint(own, {
      url: receiver.url,
      eventTypes: ['order.paid', 'order.closed'],
      description: 'The shop',
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      id: expect.stringMatching(/^ep_[0-9a-z]{26}$/),
      object: 'endpoint',
      url: receiver.url,
      eventTypes: ['order.paid', 'order.closed'],
      description: 'The shop',
      status: 'enabled',
      disabledReason: null,
      createdAt: expect.stringMatching(/Z$/),
      secret: expect.stringMatching(/^whsec_/),
    });
    const { secret: _secret, ...rest } = made.body;
    const read = await own.api<Endpoint>('GET', `/v1/endpoints/${made.body.id}`);
    expect([read.status, read.body]).toEqual([200, rest]);
    expect(read.body).not.toHaveProperty('secret');
    const list = await own.api('GET', '/v1/endpoints');
    expect(list.body).toEqual({ data: [rest], nextCursor: null });
  });

  test('hear of everything unless they say what', async () => {
    const { body } = await registerEndpoint(await world.newMerchant(), { url: receiver.url });
    expect(body.eventTypes).toEqual(['*']);
  });

  test.each<[string, Record<string, unknown>]>([
    ['/url', { url: undefined }],
    ['/url', { url: 7 }],
    ['/url', { url: `https://shop.example/${'x'.repeat(2_048)}` }],
    ['/url', { url: 'https://shop.example/\0' }],
    ['/url', { url: 'https://shop.example/\ud800' }],
    ['/eventTypes', { eventTypes: [] }],
    ['/eventTypes', { eventTypes: 'order.paid' }],
    ['/eventTypes', { eventTypes: Array.from({ length: 51 }, () => '*') }],
    ['/eventTypes/1', { eventTypes: ['*', 'Order Paid'] }],
    ['/description', { description: '' }],
    ['/description', { description: 'x'.repeat(257) }],
    ['/secret', { secret: 'whsec_mine' }],
  ])('name %s when it is not valid', async (field, changes) => {
    const answer = await merchant.api<Problem>('POST', '/v1/endpoints', {
      body: { url: receiver.url, ...changes },
    });
    expect(answer.status).toBe(400);
    expect(new Set(answer.body.errors.map((error) => error.field))).toEqual(new Set([field]));
  });

  test.each([
    ['not_a_url', 'shop.example'],
    ['scheme_not_allowed', 'ftp://shop.example/'],
    ['credentials_in_url', 'https://user:pass@shop.example/'],
  ])('refuse a target that is %s', async (reason, url) => {
    const answer = await merchant.api<Problem>('POST', '/v1/endpoints', { body: { url } });
    expect(answer.status).toBe(422);
    expect(slugOf(answer)).toBe('target-not-allowed');
    expect(answer.body.errors).toEqual([{ in: 'body', field: '/url', message: reason }]);
  });

  test('are listed newest first, page by page, each once', async () => {
    const own = await world.newMerchant();
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      made.push((await registerEndpoint(own, { url: receiver.url })).body.id);
    }
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor && `&cursor=${cursor}`;
      const { body } = await own.api<{ data: Endpoint[]; nextCursor: string | null }>(
        'GET',
        `/v1/endpoints?limit=2${after}`,
      );
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(made.toReversed());
  });

  test.each(['limit=0', 'limit=x', 'cursor=ep_1', 'status=enabled'])(
    'cannot be listed by %s',
    async (query) => {
      const { status, body } = await merchant.api<Problem>('GET', `/v1/endpoints?${query}`);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ in: 'query', field: query.split('=')[0] }]);
    },
  );

  test('of another merchant are neither read nor listed, nor told from none at all', async () => {
    const own = await world.newMerchant();
    const { body: foreign } = await registerEndpoint(merchant, { url: receiver.url });
    const absentId = newId('endpoint');
    const [theirs, none] = await Promise.all(
      [foreign.id, absentId].map((id) => own.api('GET', `/v1/endpoints/${id}`)),
    );
    expect([theirs?.status, none?.status]).toEqual([404, 404]);
    const plain = (text: string | undefined, id: string) =>
      text?.replaceAll(id, '').replace(/"instance":"[^"]*"/, '');
    expect(plain(theirs?.text, foreign.id)).toBe(plain(none?.text, absentId));
    const list = await own.api('GET', `/v1/endpoints?cursor=${foreign.id}`);
    expect(list.body).toEqual({ data: [], nextCursor: null });
    expect((await own.api('GET', '/v1/endpoints/ep_1')).status).toBe(400);
  });
});

describe('what is sent', () => {
  test('is the feed: the same ids and bytes, in the same order for each order', async () => {
    const own = await world.newMerchant();
    const inbox = await startReceiver();
    const { body: endpoint } = await registerEndpoint(own, { url: inbox.url });
    const paid = await Promise.all([payOrder(own), payOrder(own), payOrder(own)]);
    const events = await feedOf(own, 6);
    await until('six deliveries', () => inbox.received.length >= 6);
    const raw = (await own.api('GET', '/v1/events?limit=100')).text;
    for (const { rawBody, headers, event } of inbox.received) {
      expect(raw).toContain(rawBody);
      expect(headers['webhook-id']).toBe(event.id);
      expect(new Webhook(endpoint.secret ?? '').verify(rawBody, headers)).toEqual(event);
    }
    const ids = inbox.received.map(({ event }) => event.id);
    expect(ids.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
    for (const { id } of paid) {
      const types = events.filter(({ data }) => data.id === id).map(({ type }) => type);
      expect(types).toEqual(['order.created', 'order.paid']);
    }
    await inbox.stop();
  });

  test('is what an endpoint asked for, and goes to no other merchant’s', async () => {
    const [own, other] = [await world.newMerchant(), await world.newMerchant()];
    const [all, onlyPaid, foreign] = [
      await startReceiver(),
      await startReceiver(),
      await startReceiver(),
    ];
    await registerEndpoint(own, { url: all.url });
    await registerEndpoint(own, { url: onlyPaid.url, eventTypes: ['order.paid'] });
    await registerEndpoint(other, { url: foreign.url });
    const order = await payOrder(own);
    // The last to be told of anything: when it is there, what was to come before has come.
    const marker = await payOrder(other);
    await until('both merchants to be told', () => {
      const [ours, theirs] = [all, foreign].map(({ received }) => received.length);
      return ours === 2 && theirs === 2 && onlyPaid.received.length === 1;
    });
    expect(onlyPaid.received.map(({ event }) => [event.type, event.data.id])).toEqual([
      ['order.paid', order.id],
    ]);
    expect(new Set(foreign.received.map(({ event }) => event.data.id))).toEqual(
      new Set([marker.id]),
    );
    await Promise.all([all, onlyPaid, foreign].map((each) => each.stop()));
  });

  test('to an endpoint that answers 410 is sent no more', async () => {
    const own = await world.newMerchant();
    const inbox = await startReceiver();
    inbox.answerWith(() => ({ status: 410 }));
    const { body: endpoint } = await registerEndpoint(own, { url: inbox.url });
    await openOrder(own);
    await until('the endpoint to be disabled', async () => {
      const { body } = await own.api<Endpoint>('GET', `/v1/endpoints/${endpoint.id}`);
      return body.status === 'disabled' && body;
    });
    await payOrder(own);
    await feedOf(own, 3);
    expect(inbox.received).toHaveLength(1);
    await inbox.stop();
  });
});

describe('GET /v1/events', () => {
  test('gives the same feed whatever the size of the pages, in order and each once', async () => {
    const own = await world.newMerchant();
    for (let i = 0; i < 3; i++) await payOrder(own);
    const events = await feedOf(own, 6);
    expect(new Set(events.map(({ id }) => id)).size).toBe(6);
    for (const limit of [1, 2, 4, 6]) {
      expect((await readFeed(own, limit)).events).toEqual(events);
    }
  });

  test('goes on where the cursor stands, and the cursor of an empty page still holds', async () => {
    const own = await world.newMerchant();
    await openOrder(own);
    await feedOf(own, 1);
    const { cursor } = await readFeed(own, 100);
    const empty = await own.api<Feed>('GET', `/v1/events?after=${cursor}`);
    expect(empty.body).toEqual({ data: [], nextCursor: cursor, hasMore: false });
    const order = await payOrder(own);
    await feedOf(own, 3);
    const { body } = await own.api<Feed>('GET', `/v1/events?after=${empty.body.nextCursor}`);
    expect(body.data.map(({ type, data }) => [type, data.id])).toEqual([
      ['order.created', order.id],
      ['order.paid', order.id],
    ]);
  });

  test('shows only the types that are asked for', async () => {
    const own = await world.newMerchant();
    await payOrder(own);
    const events = await feedOf(own, 2);
    const typesOf = async (types: string) =>
      (await readFeed(own, 100, types)).events.map(({ type }) => type);
    expect(await typesOf('order.paid')).toEqual(['order.paid']);
    expect(await typesOf('order.*')).toEqual(events.map(({ type }) => type));
    expect(await typesOf('*')).toEqual(events.map(({ type }) => type));
    expect(await typesOf('order.closed,order.created')).toEqual(['order.created']);
    expect(await typesOf('refund.*')).toEqual([]);
    // An underscore is no wildcard.
    expect(await typesOf('order_paid')).toEqual([]);
  });

  test('with wait answers as soon as there is something', async () => {
    const own = await world.newMerchant();
    const beganMs = Date.now();
    const waiting = own.api<Feed>('GET', '/v1/events?wait=60');
    const order = await openOrder(own);
    const { body } = await waiting;
    expect(body.data.map(({ data }) => data.id)).toEqual([order.id]);
    expect(Date.now() - beganMs).toBeLessThan(30_000);
  });

  test('with wait is not ended by other merchants’ events', async () => {
    const [own, other] = [await world.newMerchant(), await world.newMerchant()];
    const waiting = own.api<Feed>('GET', '/v1/events?wait=60');
    await payOrder(other);
    await feedOf(other, 2);
    const order = await openOrder(own);
    expect((await waiting).body.data.map(({ data }) => data.id)).toEqual([order.id]);
  });

  test('with wait answers with nothing when the time is over', async () => {
    const own = await world.newMerchant();
    const { status, body } = await own.api<Feed>('GET', '/v1/events?wait=1');
    expect([status, body]).toEqual([200, { data: [], nextCursor: '0', hasMore: false }]);
  });

  test('never shows another merchant’s events, whatever the cursor', async () => {
    const [own, other] = [await world.newMerchant(), await world.newMerchant()];
    await payOrder(other);
    await feedOf(other, 2);
    for (const after of ['0', '1', '999999999999999']) {
      const { body, status } = await own.api<Feed>('GET', `/v1/events?after=${after}`);
      // A place that no feed has shows nothing at all.
      expect(status === 410 ? [] : body.data).toEqual([]);
    }
  });

  test.each([
    ['after', 'after=x'],
    ['after', 'after=-1'],
    ['after', 'after=9999999999999999'],
    ['types', 'types='],
    ['types', 'types=Order'],
    ['types', "types=order.paid'--"],
    ['wait', 'wait=61'],
    ['wait', 'wait=-1'],
    ['wait', 'wait=1.5'],
    ['limit', 'limit=101'],
    ['cursor', 'cursor=0'],
  ])('names %s when it is not valid: %s', async (field, query) => {
    const { status, body } = await merchant.api<Problem>('GET', `/v1/events?${query}`);
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.field.split('.')[0])).toEqual([field]);
  });
});
