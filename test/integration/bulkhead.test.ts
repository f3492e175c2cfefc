import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOrder } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver, Reply } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

// More than the hundred activities that a worker of Temporal's does at once by default.
const hangingEndpoints = 120;

let world: World;
let receiver: Receiver;
beforeAll(async () => {
  [world, receiver] = await Promise.all([openWorld(), startReceiver()]);
});
afterAll(async () => {
  await receiver.stop();
  await world.close();
});

test('endpoints that hang in the care of their workflows hold up neither payments nor the relay', async () => {
  const seen = new Set<string>();
  receiver.answerWith(({ headers }) => {
    const endpoint = headers['x-endpoint'] ?? '';
    if (endpoint === '') return { status: 204 };
    // The first failure brings it into the care of its workflow.
    if (!seen.has(endpoint)) {
      seen.add(endpoint);
      return { status: 500 };
    }
    return new Promise<Reply>(() => {});
  });
  const [failing, other] = await Promise.all([world.newMerchant(), world.newMerchant()]);
  const add = async (merchant: typeof other, fields: object) => {
    const body = { url: receiver.url, eventTypes: ['order.*'], ...fields };
    expect((await merchant.api('POST', '/v1/endpoints', { body })).status).toBe(201);
  };
  await add(other, {});
  for (let n = 0; n < hangingEndpoints; n++)
    await add(failing, { retrySeconds: [1], headers: { 'x-endpoint': String(n) } });
  const order = await openOrder(other);
  await openOrder(failing);
  await until('all of them hang', () => receiver.underWay() === hangingEndpoints);

  // Closing at the provider is an activity like any other, and so is what tells the merchant.
  const cancelled = await other.api<OrderBody>('POST', `/v1/orders/${order.id}/cancel`);
  expect(cancelled.body.status).toBe('closed');
  await until('told', () =>
    receiver.received.some(
      ({ event }) => event.type === 'order.closed' && event.data.id === order.id,
    ),
  );
});
