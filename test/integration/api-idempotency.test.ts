import { and, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events, idempotencyKeys, orders } from '../../db/schema/index.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { newSigningMerchant } from '../support/signing-merchant.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

let keys = 0;
const newKey = () => `key-${(keys += 1)}`;

const slugOf = ({ body }: { body: { type?: unknown } }) => String(body.type).split('/').at(-1);

const post = (
  { api }: TestMerchant,
  body: unknown,
  key: string,
  headers: Record<string, string> = {},
) =>
  api<OrderBody & { type?: string; errors?: unknown }>('POST', '/v1/orders', {
    body,
    headers: { 'idempotency-key': key, ...headers },
  });

const isKey = ({ merchantId }: TestMerchant, key: string) =>
  and(eq(idempotencyKeys.merchantId, merchantId), eq(idempotencyKeys.key, key));

const ordersUnder = (
  { merchantId }: TestMerchant,
  { merchantOrderNo }: { merchantOrderNo: string },
) =>
  world.db
    .select()
    .from(orders)
    .where(and(eq(orders.merchantId, merchantId), eq(orders.merchantOrderNo, merchantOrderNo)));

describe('a request with an Idempotency-Key', () => {
  test('sent again gets the same bytes, also after the order has changed', async () => {
    const [body, key] = [newOrder(), newKey()];
    const first = await post(merchant, body, key);
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    await payAtProvider(world, merchant, first.body);
    await orderBecomes(merchant, first.body, 'paid');
    const again = await post(merchant, body, key);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.text).toBe(first.text);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  test('sent again with its fields in another order and the defaults written out is the same', async () => {
    const [body, key] = [newOrder({ metadata: { a: '1', b: '2' } }), newKey()];
    const first = await post(merchant, body, key);
    const again = await post(
      merchant,
      {
        metadata: { b: '2', a: '1' },
        capture: 'automatic',
        latePayment: 'refund',
        expiresInSeconds: 900,
        ...Object.fromEntries(Object.entries(newOrderOf(body)).toReversed()),
      },
      key,
    );
    expect(again.text).toBe(first.text);
  });

  test('with another body is refused, and the first order is what it was', async () => {
    const [body, key] = [newOrder(), newKey()];
    const first = await post(merchant, body, key);
    for (const changes of [
      { amountMinor: 1251 },
      { merchantOrderNo: `${body.merchantOrderNo}-2` },
      { metadata: { a: '1' } },
    ]) {
      const other = await post(merchant, { ...body, ...changes }, key);
      expect(other.status).toBe(422);
      expect(slugOf(other)).toBe('idempotency-key-reused');
    }
    expect((await post(merchant, body, key)).text).toBe(first.text);
    const another = { merchantOrderNo: `${body.merchantOrderNo}-2` };
    expect(await ordersUnder(merchant, another)).toEqual([]);
  });

  test('of another merchant is a key of its own', async () => {
    const other = await world.newMerchant();
    const [body, key] = [newOrder(), newKey()];
    const [ours, theirs] = await Promise.all([
      post(merchant, body, key),
      post(other, { ...body, amountMinor: 7 }, key),
    ]);
    expect([ours.status, theirs.status]).toEqual([201, 201]);
    expect(ours.body.id).not.toBe(theirs.body.id);
  });

  test('for an order that was opened without one is answered with that order', async () => {
    const body = newOrder();
    const { body: first } = await merchant.api<OrderBody>('POST', '/v1/orders', { body });
    const keyed = await post(merchant, body, newKey());
    expect([keyed.status, keyed.body.id]).toEqual([201, first.id]);
    expect(await ordersUnder(merchant, body)).toHaveLength(1);
  });

  test('that is not valid uses the key up for nothing', async () => {
    const [body, key] = [newOrder(), newKey()];
    expect((await post(merchant, { ...body, amountMinor: -1 }, key)).status).toBe(400);
    expect((await post(merchant, body, key)).status).toBe(201);
  });

  test.each(['a b', 'clé', 'x'.repeat(256), ''])('refuses the key %j', async (key) => {
    const response = await fetch(`${world.url}/v1/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${merchant.key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(newOrder()),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ in: 'header', field: 'idempotency-key' }],
    });
  });
});

describe('while the first request is under way', () => {
  test('the second is asked to come back, and then gets the answer of the first', async () => {
    // A provider that never answers keeps the first request waiting for as long as it likes.
    const signing = await newSigningMerchant(world);
    const [body, key] = [newOrder(), newKey()];
    const first = post(signing, body, key, { prefer: 'wait=4' });
    await until('the first request to be under way', async () => {
      const rows = await world.db.select().from(idempotencyKeys).where(isKey(signing, key));
      return rows.length > 0;
    });
    const second = await post(signing, body, key);
    expect(second.status).toBe(409);
    expect(slugOf(second)).toBe('idempotency-key-in-flight');
    expect(second.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const { status, text } = await first;
    expect(status).toBe(202);
    const third = await post(signing, body, key);
    expect([third.status, third.text]).toEqual([202, text]);
  });

  test('twenty at once open one order, and each is answered with it or asked to come back', async () => {
    const [body, key] = [newOrder(), newKey()];
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(merchant, body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set(answers.some(({ status }) => status === 409) ? [201, 409] : [201]),
    );
    const texts = answers.filter(({ status }) => status === 201).map(({ text }) => text);
    expect(new Set(texts).size).toBe(1);
    const opened = await ordersUnder(merchant, body);
    expect(opened).toHaveLength(1);
    const told = await world.db
      .select()
      .from(events)
      .where(eq(events.resourceId, opened[0]?.id ?? ''));
    expect(told).toHaveLength(1);
    expect((await post(merchant, body, key)).text).toBe(texts[0]);
  });

  test('twenty at once with twenty bodies open one order and refuse the rest', async () => {
    const own = await world.newMerchant();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(own, newOrder(), key)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 422)]);
    const opened = await world.db
      .select()
      .from(orders)
      .where(eq(orders.merchantId, own.merchantId));
    expect(opened).toHaveLength(1);
  });
});

describe('when whoever began it died before answering', () => {
  async function forgetAnswer(key: string, lockedForSeconds: number): Promise<void> {
    await world.db
      .update(idempotencyKeys)
      .set({
        responseStatus: null,
        responseBody: null,
        lockedUntil: sql`now() + make_interval(secs => ${lockedForSeconds})`,
      })
      .where(isKey(merchant, key));
  }

  test('nobody takes over before its time is over', async () => {
    const [body, key] = [newOrder(), newKey()];
    await post(merchant, body, key);
    await forgetAnswer(key, 30);
    expect((await post(merchant, body, key)).status).toBe(409);
  });

  test('the next takes over, with the same order, and its answer is kept', async () => {
    const [body, key] = [newOrder(), newKey()];
    const first = await post(merchant, body, key);
    await forgetAnswer(key, -1);
    const next = await post(merchant, body, key);
    expect(next.status).toBe(201);
    expect(next.body).toEqual(first.body);
    const again = await post(merchant, body, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.text).toBe(next.text);
    expect(await ordersUnder(merchant, body)).toHaveLength(1);
  });

  test('of twenty that come one takes over', async () => {
    const [body, key] = [newOrder(), newKey()];
    const first = await post(merchant, body, key);
    await forgetAnswer(key, -1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(merchant, body, key)));
    for (const { status, body: answer } of answers) {
      const opened = status === 409 ? 'asked to come back' : answer.id;
      expect([first.body.id, 'asked to come back']).toContain(opened);
    }
    const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null);
    expect(replayed.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await ordersUnder(merchant, body)).toHaveLength(1);
  });

  test('an order that has ended meanwhile is answered as it is', async () => {
    const [body, key] = [newOrder(), newKey()];
    const { body: order } = await post(merchant, body, key);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await forgetAnswer(key, -1);
    const next = await post(merchant, body, key);
    expect([next.status, next.body.status]).toEqual([201, 'paid']);
  });
});

test('orders without a key do not touch those with one', async () => {
  const order = await openOrder(merchant);
  const rows = await world.db
    .select()
    .from(idempotencyKeys)
    .where(sql`${idempotencyKeys.orderId} = ${order.id}`);
  expect(rows).toEqual([]);
});

/** The fields of an order without those that have defaults. */
function newOrderOf({ metadata: _metadata, ...rest }: Record<string, unknown>) {
  return rest;
}
