import { request } from 'node:http';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events, orders } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import { createKey, createMerchant } from '../../cli/open-account.ts';
import { apiClient } from '../support/api-client.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { newSigningMerchant } from '../support/signing-merchant.ts';
import { scanAtProvider, tradeOf as bookedTrade } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type Problem = {
  type: string;
  status: number;
  orderId?: string;
  errors: { in: string; field: string; message: string }[];
};
type Page = { data: OrderBody[]; nextCursor: string | null };

let world: World;
let merchant: TestMerchant;
let other: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  [merchant, other] = await Promise.all([world.newMerchant(), world.newMerchant()]);
});
afterAll(() => world.close());

const slugOf = ({ body }: { body: { type?: unknown } }) => String(body.type).split('/').at(-1);

const ordersOf = ({ merchantId }: TestMerchant) =>
  world.db.select().from(orders).where(eq(orders.merchantId, merchantId));

/** Arms a fault for this order's number only, so that tests do not take each other's. */
const addFault = async (fault: Record<string, unknown>) =>
  (await world.simulator()).call('POST', '/faults', { body: fault });

describe('POST /v1/orders', () => {
  test('opens an order and answers with what the payer has to do', async () => {
    const body = newOrder({
      subject: '一杯茶 🍵',
      metadata: { cart: '77' },
      returnUrl: 'https://shop.example/thanks?order=1',
      expiresInSeconds: 600,
    });
    const before = Date.now();
    const answer = await merchant.api<OrderBody>('POST', '/v1/orders', { body });
    expect(answer.status).toBe(201);
    const order = answer.body;
    expect(order).toMatchObject({
      id: expect.stringMatching(/^ord_[0-9a-z]{26}$/),
      object: 'order',
      merchantId: merchant.merchantId,
      merchantOrderNo: body.merchantOrderNo,
      status: 'pending',
      amountMinor: 1250,
      currency: 'CNY',
      subject: '一杯茶 🍵',
      methods: ['alipay.qr', 'alipay.page', 'alipay.wap'],
      metadata: { cart: '77' },
      returnUrl: 'https://shop.example/thanks?order=1',
      reviewReason: null,
      closeReason: null,
      failureCode: null,
      paidAt: null,
      closedAt: null,
      checkoutUrl: expect.stringMatching(new RegExp(`^${world.url}/pay/[A-Za-z0-9_-]{22}$`)),
      nextAction: { kind: 'qr', content: expect.stringMatching(/^https?:/) },
      payments: [
        {
          id: expect.stringMatching(/^pay_/),
          provider: 'alipay',
          outTradeNo: expect.stringMatching(/^[0-9a-z]{26}$/),
          providerTradeNo: null,
          status: 'pending',
          amountMinor: 1250,
          currency: 'CNY',
          settledAt: null,
        },
      ],
    });
    const leftMs = Date.parse(order.expiresAt) - before;
    expect(leftMs).toBeGreaterThanOrEqual(600_000);
    expect(leftMs).toBeLessThan(660_000);
    expect(answer.headers.get('location')).toBe(`${world.url}/v1/orders/${order.id}`);
    expect(answer.headers.get('etag')).toBe(`"${order.version}"`);
    const read = await merchant.api('GET', `/v1/orders/${order.id}`);
    expect(read.body).toEqual(order);
  });

  test.each<[string, Record<string, unknown>]>([
    ['/merchantOrderNo', { merchantOrderNo: '' }],
    ['/merchantOrderNo', { merchantOrderNo: 'x'.repeat(65) }],
    ['/merchantOrderNo', { merchantOrderNo: 'a\nb' }],
    ['/merchantOrderNo', { merchantOrderNo: 1001 }],
    ['/merchantOrderNo', { merchantOrderNo: undefined }],
    ['/amountMinor', { amountMinor: 0 }],
    ['/amountMinor', { amountMinor: -1 }],
    ['/amountMinor', { amountMinor: 12.5 }],
    ['/amountMinor', { amountMinor: '1250' }],
    ['/amountMinor', { amountMinor: 2 ** 53 }],
    ['/currency', { currency: 'cny' }],
    ['/currency', { currency: 'toString' }],
    ['/subject', { subject: '' }],
    ['/subject', { subject: 'x'.repeat(129) }],
    ['/subject', { subject: 'a\0b' }],
    ['/subject', { subject: 'a\ud800b' }],
    ['/methods/0', { methods: ['cash'] }],
    ['/methods', { methods: ['alipay.qr', 'alipay.qr'] }],
    ['/expiresInSeconds', { expiresInSeconds: 59 }],
    ['/expiresInSeconds', { expiresInSeconds: 86_401 }],
    ['/returnUrl', { returnUrl: 'javascript:alert(1)' }],
    ['/returnUrl', { returnUrl: 'thanks' }],
    ['/returnUrl', { returnUrl: `https://shop.example/${'x'.repeat(2_048)}` }],
    ['/returnUrl', { returnUrl: 'https://shop.example/\0' }],
    ['/returnUrl', { returnUrl: 'https://shop.example/\ud800' }],
    ['/metadata', { metadata: 'text' }],
    ['/metadata/cart', { metadata: { cart: 77 } }],
    ['/metadata/cart', { metadata: { cart: 'a\0b' } }],
    ['/metadata/cart', { metadata: { cart: 'a\udc00b' } }],
    ['/metadata/cart', { metadata: { cart: 'x'.repeat(513) } }],
    ['/metadata/', { metadata: { '': 'no name' } }],
    [
      '/metadata',
      { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v'])) },
    ],
    ['/amount', { amount: 12.5 }],
    ['/status', { status: 'paid' }],
  ])('names %s when it is not valid: %j', async (field, changes) => {
    const answer = await merchant.api<Problem>('POST', '/v1/orders', { body: newOrder(changes) });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(slugOf(answer)).toBe('invalid-request');
    const named = answer.body.errors.map((error) => `${error.in} ${error.field}`);
    expect(new Set(named)).toEqual(new Set([`body ${field}`]));
    for (const { message } of answer.body.errors) expect(message).toMatch(/./);
  });

  test('names every bad field at once', async () => {
    const { status, body } = await merchant.api<Problem>('POST', '/v1/orders', {
      body: { amountMinor: -1, currency: 'XXX', tip: 1 },
    });
    expect(status).toBe(400);
    expect(body.errors.map(({ field }) => field).toSorted()).toEqual([
      '/amountMinor',
      '/currency',
      '/merchantOrderNo',
      '/subject',
      '/tip',
    ]);
  });

  test.each(['', '{', '{"a":1,}', '[1', 'null,', '\u0000', "{'a':1}"])(
    'refuses %j, which is no JSON',
    async (body) => {
      const answer = await merchant.api('POST', '/v1/orders', {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(400);
      expect(slugOf(answer)).toBe('malformed-json');
    },
  );

  test.each(['null', '[]', '"text"', '7', 'true'])(
    'refuses %s, which is no object',
    async (body) => {
      const answer = await merchant.api<Problem>('POST', '/v1/orders', { body });
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toMatchObject([{ in: 'body', field: '' }]);
    },
  );

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    '',
  ])('refuses a body of type %j', async (type) => {
    const answer = await merchant.api('POST', '/v1/orders', {
      body: JSON.stringify(newOrder()),
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(415);
    expect(slugOf(answer)).toBe('unsupported-media-type');
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'reads a body of type %s',
    async (type) => {
      const { status } = await merchant.api('POST', '/v1/orders', {
        body: newOrder(),
        headers: { 'content-type': type },
      });
      expect(status).toBe(201);
    },
  );

  test('refuses a body above 64 KiB, said beforehand or not', async () => {
    const body = JSON.stringify(newOrder({ subject: 'x'.repeat(70_000) }));
    const said = await merchant.api('POST', '/v1/orders', { body });
    expect(said.status).toBe(413);
    expect(slugOf(said)).toBe('content-too-large');
    const unsaid = await new Promise<number | undefined>((resolve, reject) => {
      const chunked = request(
        `${world.url}/v1/orders`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${merchant.key}`,
            'content-type': 'application/json',
            'transfer-encoding': 'chunked',
          },
        },
        (response) => resolve(response.resume().statusCode),
      );
      chunked.on('error', reject);
      chunked.end(body);
    });
    expect(unsaid).toBe(413);
  });

  test('sent again is the same order, with 200', async () => {
    const body = newOrder();
    const first = await merchant.api<OrderBody>('POST', '/v1/orders', { body });
    const again = await merchant.api<OrderBody>('POST', '/v1/orders', {
      body: Object.fromEntries(Object.entries(body).toReversed()),
    });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
  });

  test('under a number that is taken by other content is a conflict that names the order', async () => {
    const body = newOrder();
    const { body: first } = await merchant.api<OrderBody>('POST', '/v1/orders', { body });
    const taken = await merchant.api<Problem>('POST', '/v1/orders', {
      body: { ...body, amountMinor: 1251 },
    });
    expect(taken.status).toBe(409);
    expect(slugOf(taken)).toBe('order-number-taken');
    expect(taken.body.orderId).toBe(first.id);
  });

  test('under a number that another merchant uses is an order of one’s own', async () => {
    const body = newOrder();
    const [ours, theirs] = await Promise.all(
      [merchant, other].map(({ api }) => api<OrderBody>('POST', '/v1/orders', { body })),
    );
    expect([ours?.status, theirs?.status]).toEqual([201, 201]);
    expect(ours?.body.id).not.toBe(theirs?.body.id);
  });

  test('twice at once with the same content opens one order', async () => {
    const own = await world.newMerchant();
    const body = newOrder();
    const answers = await Promise.all(
      [1, 2].map(() => own.api<OrderBody>('POST', '/v1/orders', { body })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 201]);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
    expect(await ordersOf(own)).toHaveLength(1);
  });

  test('twice at once under one number with other content opens one and refuses one', async () => {
    const own = await world.newMerchant();
    const body = newOrder();
    const answers = await Promise.all(
      [1250, 1251].map((amountMinor) =>
        own.api<OrderBody & Problem>('POST', '/v1/orders', { body: { ...body, amountMinor } }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const opened = answers.find(({ status }) => status === 201);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body.orderId).toBe(opened?.body.id);
    expect(await ordersOf(own)).toHaveLength(1);
  });

  test('without an account for the method is refused, and nothing is written', async () => {
    const { merchantId } = await createMerchant(world.db, { name: 'No account' });
    const { key } = await createKey(world.db, { merchantId, expiresAt: null });
    const answer = await apiClient({ url: world.url, key })('POST', '/v1/orders', {
      body: newOrder(),
    });
    expect(answer.status).toBe(422);
    expect(slugOf(answer)).toBe('no-provider-account');
    const written = await world.db.select().from(orders).where(eq(orders.merchantId, merchantId));
    expect(written).toEqual([]);
  });

  test('answers 202 when the provider is slow and the merchant will not wait; the order comes', async () => {
    const own = await world.newMerchant();
    const answer = await own.api<OrderBody>('POST', '/v1/orders', {
      body: newOrder(),
      headers: { prefer: 'respond-async' },
    });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ status: 'pending', nextAction: null });
    await until('the next action', async () => {
      const { body } = await own.api<OrderBody>('GET', `/v1/orders/${answer.body.id}`);
      return body.nextAction !== null;
    });
  });
});

describe('GET /v1/orders/{id}', () => {
  test('does not tell another merchant’s order from one that does not exist', async () => {
    const order = await openOrder(merchant);
    const absentId = newId('order');
    const [foreign, absent] = await Promise.all(
      [order.id, absentId].map((id) => other.api<Problem>('GET', `/v1/orders/${id}`)),
    );
    expect([foreign?.status, absent?.status]).toEqual([404, 404]);
    const plain = (text: string | undefined, id: string) =>
      text?.replaceAll(id, '').replace(/"instance":"[^"]*"/, '');
    expect(plain(foreign?.text, order.id)).toBe(plain(absent?.text, absentId));
  });

  test.each(['ord_1', 'pay_01jd3v9k7q2m5x8r4t6w0y1z3c', '1', "ord_'%20or%201=1", '%00', '%ff'])(
    'refuses %s, which is no id of an order',
    async (id) => {
      const { status, body } = await merchant.api<Problem>('GET', `/v1/orders/${id}`);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ in: 'path', field: 'orderId' }]);
    },
  );

  test('with wait answers as soon as the order changes', async () => {
    const order = await openOrder(merchant);
    const beganMs = Date.now();
    const waiting = merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`, {
      headers: { prefer: 'wait=60' },
    });
    await payAtProvider(world, merchant, order);
    const { status, body } = await waiting;
    expect(status).toBe(200);
    expect(body.version).toBeGreaterThan(order.version);
    expect(Date.now() - beganMs).toBeLessThan(30_000);
  });

  test('with wait and a version that is old already answers at once', async () => {
    const order = await openOrder(merchant);
    const beganMs = Date.now();
    const { status, headers } = await merchant.api('GET', `/v1/orders/${order.id}`, {
      headers: { prefer: 'wait=60', 'if-none-match': '"0"' },
    });
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe(`"${order.version}"`);
    expect(Date.now() - beganMs).toBeLessThan(30_000);
  });

  test('with wait lets a hundred hear of the same change', async () => {
    const order = await openOrder(merchant);
    const waiting = Array.from({ length: 100 }, () =>
      merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`, {
        headers: { prefer: 'wait=60', 'if-none-match': `"${order.version}"` },
      }),
    );
    await payAtProvider(world, merchant, order);
    const statuses = (await Promise.all(waiting)).map(({ body }) => body.status);
    expect(new Set(statuses)).toEqual(new Set(['paid']));
  });

  test('whose time is over answers with what there is', async () => {
    const order = await openOrder(merchant);
    const { status, body } = await merchant.api('GET', `/v1/orders/${order.id}`, {
      headers: { prefer: 'wait=1' },
    });
    expect(status).toBe(200);
    expect(body).toEqual(order);
  });

  test.each(['"', 'W/"'])('of a version that is known answers 304, also %s', async (quote) => {
    const order = await openOrder(merchant);
    const known = `${quote}${order.version}"`;
    for (const prefer of ['wait=0', 'wait=1']) {
      const { status, text, headers } = await merchant.api('GET', `/v1/orders/${order.id}`, {
        headers: { prefer, 'if-none-match': known },
      });
      expect(status).toBe(304);
      expect(text).toBe('');
      expect(headers.get('etag')).toBe(`"${order.version}"`);
    }
  });
});

describe('GET /v1/orders', () => {
  test('lists one’s own orders, newest first, page by page, each once', async () => {
    const own = await world.newMerchant();
    const opened: string[] = [];
    for (let i = 0; i < 5; i++) opened.push((await openOrder(own)).id);
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor && `&cursor=${cursor}`;
      const { body } = await own.api<Page>('GET', `/v1/orders?limit=2${after}`);
      seen.push(...body.data.map(({ id }) => id));
      sizes.push(body.data.length);
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(opened.toReversed());
    expect(sizes).toEqual([2, 2, 1]);
  });

  test('lists an order exactly as it is read', async () => {
    const own = await world.newMerchant();
    const order = await openOrder(own);
    const { body } = await own.api<Page>('GET', '/v1/orders');
    expect(body).toEqual({ data: [order], nextCursor: null });
  });

  test('filters by status, number and time', async () => {
    const own = await world.newMerchant();
    const [first, second] = [await openOrder(own), await openOrder(own)];
    await own.api('POST', `/v1/orders/${second.id}/cancel`);
    const idsOf = async (query: string) => {
      const { body } = await own.api<Page>('GET', `/v1/orders?${query}`);
      return body.data.map(({ id }) => id);
    };
    expect(await idsOf('status=pending')).toEqual([first.id]);
    expect(await idsOf('status=closed')).toEqual([second.id]);
    expect(await idsOf('status=paid')).toEqual([]);
    expect(await idsOf(`merchantOrderNo=${first.merchantOrderNo}`)).toEqual([first.id]);
    expect(await idsOf('merchantOrderNo=nobody')).toEqual([]);
    expect(await idsOf('createdFrom=2020-01-01T00:00:00Z')).toEqual([second.id, first.id]);
    expect(await idsOf('createdBefore=2020-01-01T08:00:00%2B08:00')).toEqual([]);
    expect(await idsOf(`status=closed&merchantOrderNo=${first.merchantOrderNo}`)).toEqual([]);
  });

  test('never shows another merchant’s orders, whatever the cursor', async () => {
    const own = await world.newMerchant();
    const foreign = await openOrder(merchant);
    expect((await own.api<Page>('GET', '/v1/orders')).body.data).toEqual([]);
    const { body } = await own.api<Page>('GET', `/v1/orders?cursor=${foreign.id}`);
    expect(body).toEqual({ data: [], nextCursor: null });
    const byNumber = `merchantOrderNo=${foreign.merchantOrderNo}`;
    expect((await own.api<Page>('GET', `/v1/orders?${byNumber}`)).body.data).toEqual([]);
  });

  test.each([
    ['status', 'status=open'],
    ['status', 'status=paid&status=closed'],
    ['limit', 'limit=0'],
    ['limit', 'limit=101'],
    ['limit', 'limit=many'],
    ['limit', 'limit='],
    ['cursor', 'cursor=ord_1'],
    ['createdFrom', 'createdFrom=yesterday'],
    ['createdFrom', 'createdFrom=2026-13-01T00:00:00Z'],
    ['createdFrom', 'createdFrom=0000-01-01T00:00:00Z'],
    ['createdBefore', 'createdBefore=0001-01-01T00:00:00%2B14:00'],
    ['createdBefore', 'createdBefore=9999-12-31T23:59:59-12:00'],
    ['createdBefore', 'createdBefore=2026-11-22'],
    ['merchantOrderNo', `merchantOrderNo=${'x'.repeat(65)}`],
    ['merchantOrderNo', 'merchantOrderNo=a%00b'],
    ['sort', 'sort=asc'],
  ])('names %s when it is not valid: %s', async (field, query) => {
    const { status, body } = await merchant.api<Problem>('GET', `/v1/orders?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ in: 'query', field }]);
  });

  test('can be asked from the beginning to the end of time', async () => {
    const query = 'createdBefore=9999-12-31T23:59:59Z&createdFrom=1970-01-01T00:00:00Z';
    const { status } = await merchant.api('GET', `/v1/orders?${query}`);
    expect(status).toBe(200);
  });
});

describe('POST /v1/orders/{id}/cancel', () => {
  const cancel = ({ api }: TestMerchant, { id }: { id: string }, prefer?: string) =>
    api<OrderBody & Problem>('POST', `/v1/orders/${id}/cancel`, {
      ...(prefer !== undefined && { headers: { prefer } }),
    });

  const tradeOf = (merchant: TestMerchant, order: OrderBody) =>
    bookedTrade(world, merchant, order.payments[0]!);

  test('closes an order that is not paid, and its trade at the provider', async () => {
    const order = await openOrder(merchant);
    await scanAtProvider(order);
    const { status, body, headers } = await cancel(merchant, order);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: order.id,
      status: 'closed',
      closeReason: 'cancelled',
      nextAction: null,
      closedAt: expect.stringMatching(/Z$/),
      payments: [{ status: 'closed' }],
    });
    expect(headers.get('etag')).toBe(`"${body.version}"`);
    expect(await tradeOf(merchant, order)).toMatchObject({ status: 'closed', captures: 0 });
  });

  test('said twice, also at once, is said once', async () => {
    const order = await openOrder(merchant);
    const both = await Promise.all([cancel(merchant, order), cancel(merchant, order)]);
    const again = await cancel(merchant, order);
    expect([...both, again].map(({ status }) => status)).toEqual([200, 200, 200]);
    const said = await world.db.select().from(events).where(eq(events.resourceId, order.id));
    expect(said.map(({ type }) => type).toSorted()).toEqual(['order.closed', 'order.created']);
  });

  test('of a paid order is refused and says so', async () => {
    const order = await openOrder(merchant);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    const answer = await cancel(merchant, order);
    expect(answer.status).toBe(409);
    expect(slugOf(answer)).toBe('order-not-cancellable');
    expect(answer.body).toMatchObject({ orderStatus: 'paid' });
  });

  test('of an order that was paid without our knowing pays it: paid wins', async () => {
    const order = await openOrder(merchant);
    const outTradeNo = order.payments[0]?.outTradeNo;
    await addFault({ call: 'notify', kind: 'lostForever', outTradeNo });
    await payAtProvider(world, merchant, order);
    const answer = await cancel(merchant, order);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ orderStatus: 'paid' });
    expect((await orderBecomes(merchant, order, 'paid')).payments[0]?.status).toBe('succeeded');
  });

  test('at the very moment of a payment ends as the provider’s book says', async () => {
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const order = await openOrder(merchant);
        await scanAtProvider(order);
        const [answer] = await Promise.all([
          cancel(merchant, order),
          // Refused where the close came first: then there is nothing to win.
          payAtProvider(world, merchant, order).catch(() => {}),
        ]);
        const trade = await tradeOf(merchant, order);
        const isPaid = trade?.status === 'paid';
        expect(trade?.captures).toBe(isPaid ? 1 : 0);
        expect(answer.status).toBe(isPaid ? 409 : 200);
        await orderBecomes(merchant, order, isPaid ? 'paid' : 'closed');
      }),
    );
  });

  test('that takes longer than the merchant waits answers 202, and is kept', async () => {
    const order = await openOrder(merchant);
    const answer = await cancel(merchant, order, 'respond-async');
    expect(answer.status).toBe(202);
    expect(answer.body.status).toBe('pending');
    expect((await orderBecomes(merchant, order, 'closed')).closeReason).toBe('cancelled');
  });

  test('while the provider does not answer keeps the order open: it may still be paid', async () => {
    const signing = await newSigningMerchant(world);
    const order = await signing.openOrder();
    const answer = await cancel(signing, order, 'wait=1');
    expect(answer.status).toBe(202);
    await signing.post(signing.signedBody(signing.paidFields(order)));
    await orderBecomes(signing, order, 'paid');
    expect((await cancel(signing, order)).status).toBe(409);
  });

  test('of another merchant’s order, or of none, is not found, and nothing happens', async () => {
    const order = await openOrder(merchant);
    for (const id of [order.id, newId('order')]) {
      expect((await cancel(other, { id })).status).toBe(404);
    }
    expect((await cancel(other, { id: 'ord_1' })).status).toBe(400);
    const [row] = await ordersOf(merchant).then((rows) => rows.filter(({ id }) => id === order.id));
    expect(row).toMatchObject({ status: 'pending', cancelRequestedAt: null });
  });
});
