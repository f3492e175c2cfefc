import { afterAll, beforeAll, expect, test } from 'vitest';
import { nothingIsStuck, runAllFlows } from '../support/all-flows.ts';
import { keptLog } from '../support/log-lines.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// Whoever holds locks must not wait for another connection of the pool: those who have them may be waiting for these
// locks. Two connections are the relay's own, so that here there is one for all else, and every such wait lasts until
// the pool gives up.

const { logger, lines } = keptLog();
let world: World;
let merchant: TestMerchant;
let receiver: Receiver;

beforeAll(async () => {
  world = await openWorld({ logger, maxConnections: 3 });
  merchant = await world.newMerchant();
  receiver = await startReceiver();
});

afterAll(async () => {
  await receiver?.stop();
  await world?.close();
});

test('nobody who holds locks waits for another connection: one is enough for all that a merchant does', async () => {
  const registered = await merchant.api('POST', '/v1/endpoints', {
    // A filter, and an order kept, are looked at under the relay's locks.
    body: {
      url: receiver.url,
      eventTypes: ['*'],
      filter: { type: { $exists: true } },
      ordering: 'resource',
    },
  });
  expect(registered).toMatchObject({ status: 201 });
  await runAllFlows({
    world,
    merchant,
    receiver,
    doors: { write: merchant.api, read: merchant.api },
  });
  await nothingIsStuck(world);
  expect(lines.filter((line) => /connect|timeout/i.test(JSON.stringify(line)))).toEqual([]);
});
