import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProviderName } from '../../providers/provider.ts';
import { openOrder, orderBecomes, tellProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { bookOf, scriptFaults } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What a payer is given to pay by may end long before the order does: then there is another.

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

type Body = OrderBody & { nextActionExpiresAt: string | null };

const dayMs = 86_400_000;
const ways: { method: string; provider: ProviderName; lifeMs: number; payer?: object }[] = [
  { method: 'alipay.qr', provider: 'alipay', lifeMs: 7_200_000 },
  { method: 'wechat-pay.native', provider: 'wechat-pay', lifeMs: 7_200_000 },
  {
    method: 'wechat-pay.h5',
    provider: 'wechat-pay',
    lifeMs: 300_000,
    payer: { ip: '203.0.113.7' },
  },
];

const read = async ({ api }: TestMerchant, { id }: { id: string }) =>
  (await api<Body>('GET', `/v1/orders/${id}`)).body;

const switchTo = ({ api }: TestMerchant, { id }: { id: string }, method: string) =>
  api<Body>('POST', `/v1/orders/${id}/payments`, {
    body: { method },
    headers: { prefer: 'wait=20' },
  });

const addressOf = ({ nextAction }: OrderBody) => nextAction?.content ?? nextAction?.url ?? '';

/** As time does: the provider takes the handle no more, and we know since when. */
async function endHandle(merchant: TestMerchant, order: OrderBody): Promise<void> {
  await tellProvider(world, merchant, order, 'endHandle');
  await world.db.$client.query(
    'update payments set handle_expires_at = now() where order_id = $1',
    [order.id],
  );
}

/** What the payer does with a code or an address: opens the page behind it, and pays there. */
async function payBy(address: string): Promise<number> {
  const url = new URL(address);
  const page = await fetch(url);
  await page.text();
  if (!page.ok) return page.status;
  url.pathname += '/pay';
  const paid = await fetch(url, { method: 'POST', redirect: 'manual' });
  await paid.text();
  return paid.status;
}

describe.each(ways)('what $method gives the payer', ({ method, provider, lifeMs, payer }) => {
  const open = async (): Promise<{ merchant: TestMerchant; order: Body }> => {
    const merchant = await world.newMerchant([provider]);
    const order = await openOrder(merchant, {
      methods: [method],
      expiresInSeconds: 86_400,
      ...(payer && { payer }),
    });
    return { merchant, order: await read(merchant, order) };
  };

  test('says when it ends, and lives no longer', async () => {
    const { order } = await open();
    const leftMs = Date.parse(order.nextActionExpiresAt ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(lifeMs);
    expect(Date.parse(order.expiresAt) - Date.now()).toBeGreaterThan(dayMs / 2);
  });

  test('is renewed for whoever reads the order, under the same number, and pays it once', async () => {
    const { merchant, order } = await open();
    await endHandle(merchant, order);
    const renewed = await read(merchant, order);
    expect(addressOf(renewed)).toMatch(/^http/);
    expect(addressOf(renewed)).not.toBe(addressOf(order));
    expect(renewed.payments.map(({ outTradeNo }) => outTradeNo)).toEqual([
      order.payments[0]!.outTradeNo,
    ]);
    expect(await payBy(addressOf(order))).toBe(404);
    expect(await payBy(addressOf(renewed))).toBe(303);
    await orderBecomes(merchant, order, 'paid');
    expect(await bookOf(world, merchant)).toMatchObject([{ captures: 1 }]);
  });

  test('is asked for again by a switch to the method there is already, and the same while it lives', async () => {
    const { merchant, order } = await open();
    const same = await switchTo(merchant, order, method);
    const pageOf = (body: Body) => new URL(addressOf(body)).pathname;
    expect([same.status, pageOf(same.body)]).toEqual([200, pageOf(order)]);
    await endHandle(merchant, order);
    const renewed = await switchTo(merchant, order, method);
    expect(renewed.status).toBe(200);
    expect(addressOf(renewed.body)).not.toBe(addressOf(order));
    expect(renewed.body.payments).toHaveLength(1);
  });

  test('is renewed on the checkout page', async () => {
    const { merchant, order } = await open();
    await endHandle(merchant, order);
    const page = await (await fetch(order.checkoutUrl)).text();
    const renewed = await read(merchant, order);
    expect(addressOf(renewed)).not.toBe(addressOf(order));
    expect(page).toContain(`data-renews="${renewed.nextActionExpiresAt}"`);
    expect(page).toContain(`pending ${method} ${Date.parse(renewed.nextActionExpiresAt ?? '')}`);
  });

  test('is not shown once it is over and the provider is away, and comes when it is back', async () => {
    const { merchant, order } = await open();
    const { outTradeNo } = order.payments[0]!;
    await endHandle(merchant, order);
    const away = [{ call: 'create', kind: 'http500', times: 2 }] as const;
    await scriptFaults(world, { outTradeNo }, [...away], provider);
    const early = await read(merchant, order);
    expect([addressOf(order), early.status]).not.toContain(addressOf(early));
    const renewed = await until('another is there', async () => {
      const now = await read(merchant, order);
      return now.nextAction ? now : undefined;
    });
    expect(addressOf(renewed)).not.toBe(addressOf(order));
    expect(await payBy(addressOf(renewed))).toBe(303);
    await orderBecomes(merchant, order, 'paid');
  });

  test('gives way to what the provider says where it was paid meanwhile', async () => {
    const { merchant, order } = await open();
    const { outTradeNo } = order.payments[0]!;
    const lost = [{ call: 'notify', kind: 'lostForever', times: 9 }] as const;
    await scriptFaults(world, { outTradeNo }, [...lost], provider);
    expect(await payBy(addressOf(order))).toBe(303);
    await endHandle(merchant, order);
    await read(merchant, order);
    await orderBecomes(merchant, order, 'paid');
    expect(await bookOf(world, merchant)).toMatchObject([{ captures: 1 }]);
  });
});
