import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerNotifications } from '../../db/schema/provider-notifications.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import type { Temporal } from '../../dev/services/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { eventTypesOf, inCrashScene, isPayable } from '../support/crash-scene.ts';
import { newOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';

// A Temporal of this file's own, with its state in a file: it is killed and comes back with it.

let folder: string;
let start: () => Promise<Temporal>;
let temporal: Temporal;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-crash-temporal-'));
  const [{ port }, { path: binary }] = await Promise.all([pickPort(0), resolveTemporalBinary()]);
  start = async () => {
    temporal = await startTemporal({
      binary,
      port,
      dbFile: join(folder, 'temporal.sqlite'),
      logFile: join(folder, 'temporal.log'),
      searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
    });
    return temporal;
  };
  await start();
});
afterAll(async () => {
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
});

const own = () => ({ temporal: { address: temporal.address, namespace: 'default' } });

async function kill(): Promise<void> {
  const { pid } = temporal;
  process.kill(pid, 'SIGKILL');
  await until('Temporal is gone', () => !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('while Temporal is down orders are taken, payments are believed, commands are kept; all of it happens when it is back', () =>
  inCrashScene(async ({ world, tender, merchant }) => {
    const open = (waitSeconds: number) =>
      merchant.api<OrderBody>('POST', '/v1/orders', {
        body: newOrder(),
        headers: { prefer: `wait=${waitSeconds}` },
      });
    const read = ({ id }: OrderBody) => merchant.api<OrderBody>('GET', `/v1/orders/${id}`);
    await tender.start('api,worker');
    const [{ body: paid }, { body: unwanted }] = await Promise.all([open(20), open(20)]);
    expect([paid.nextAction?.kind, unwanted.nextAction?.kind]).toEqual(['qr', 'qr']);
    const trade = { outTradeNo: paid.payments[0]?.outTradeNo ?? '' };
    await scriptFaults(world, trade, [{ call: 'query', kind: 'http500', times: 100 }]);

    await kill();
    const taken = await open(1);
    expect({ status: taken.status, nextAction: taken.body.nextAction }).toEqual({
      status: 202,
      nextAction: null,
    });
    await payAtProvider(world, merchant, paid);
    await until('the notification is acknowledged', async () => {
      const [notification] = (await tradeOf(world, merchant, trade))?.notifications ?? [];
      return notification?.end === 'acknowledged';
    });
    const cancelled = await merchant.api<OrderBody>('POST', `/v1/orders/${unwanted.id}/cancel`, {
      headers: { prefer: 'wait=1' },
    });
    expect(cancelled.status).toBe(202);
    // What is kept is in the database, and nobody has acted on it.
    expect(await world.db.select().from(providerNotifications)).toMatchObject([
      { orderId: paid.id, appliedAt: null },
    ]);
    expect([(await read(paid)).body.status, (await read(unwanted)).body.status]).toEqual([
      'pending',
      'pending',
    ]);

    await start();
    await Promise.all([
      orderBecomes(merchant, paid, 'paid'),
      orderBecomes(merchant, unwanted, 'closed'),
      isPayable(merchant, taken.body),
    ]);
    expect(await eventTypesOf(world, paid)).toEqual(['order.created', 'order.paid']);
    expect(await eventTypesOf(world, unwanted)).toEqual(['order.created', 'order.closed']);
    await payAtProvider(world, merchant, taken.body);
    await orderBecomes(merchant, taken.body, 'paid');
  }, own()));

test('an API that never saw a Temporal takes orders; a worker waits for it and opens them', () =>
  inCrashScene(async ({ tender, merchant }) => {
    await kill();
    await tender.start('api');
    const { status, body: order } = await merchant.api<OrderBody>('POST', '/v1/orders', {
      body: newOrder(),
      headers: { prefer: 'wait=1' },
    });
    expect(status).toBe(202);
    // It is ready when it works, and so only after Temporal is.
    const worker = tender.start('worker');
    await start();
    await worker;
    await isPayable(merchant, order);
  }, own()));
