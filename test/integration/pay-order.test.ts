import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('an order is opened, paid at the provider, and the merchant is told, signed', async () => {
  const merchant = await world.newMerchant();
  const receiver = await startReceiver();
  const endpoint = await merchant.api<{ secret: string }>('POST', '/v1/endpoints', {
    body: { url: receiver.url, eventTypes: ['order.*'] },
  });
  const order = await openOrder(merchant);
  expect(order.status).toBe('pending');
  expect(order.nextAction?.kind).toBe('qr');

  await payAtProvider(world, merchant, order);
  const paid = await orderBecomes(merchant, order, 'paid');
  expect(paid.payments[0]?.providerTradeNo).toMatch(/^\d{28}$/);
  const told = await until('order.paid', () =>
    receiver.received.find(({ event }) => event.type === 'order.paid'),
  );
  const verified = new Webhook(endpoint.body.secret).verify(told.rawBody, told.headers);
  expect(verified).toMatchObject({ type: 'order.paid', data: { id: order.id, status: 'paid' } });
  await receiver.stop();
});
