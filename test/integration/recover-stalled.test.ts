import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { recoverStalled } from '../../activities/orders/recover-stalled.ts';
import { orders } from '../../db/schema/orders.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { draftOrder } from '../support/drafts.ts';
import type { Draft } from '../support/drafts.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// The recovery job's own work, without a platform around it: what it finds, and what it leaves for the next.

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld({ hasApi: false, hasWorker: false });
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

/** Recovers with a Temporal that is there, or one that has just gone. */
function recover({ isTemporalUp }: { isTemporalUp: boolean }) {
  const gone = new Error('UNAVAILABLE: no connection');
  const client = { workflow: { start: () => Promise.reject(gone) } };
  const deps = {
    db: world.db,
    client: isTemporalUp ? world.temporal : client,
    taskQueue: world.config.temporal.taskQueue,
    publicUrl: world.url,
    logger: createLogger({ level: 'silent', name: 'recovery' }),
  };
  return recoverStalled(deps as unknown as ActivityDeps);
}

async function lostOrder(): Promise<Draft> {
  const order = await draftOrder(world, merchant);
  const createdAt = sql`now() - interval '1 minute'`;
  await world.db.update(orders).set({ createdAt }).where(eq(orders.id, order.id));
  return order;
}

test('an order that could not be started is found again by the very next run, a healthy one is not', async () => {
  const order = await lostOrder();
  expect(await recover({ isTemporalUp: false })).toMatchObject({ orders: 1, failed: 1 });
  expect(await recover({ isTemporalUp: true })).toMatchObject({ orders: 1, failed: 0 });
  const handle = world.temporal.workflow.getHandle(`order/${order.id}`);
  expect((await handle.describe()).status.name).toBe('RUNNING');
  // Started, and still not open at the provider: others come first for a while.
  expect(await recover({ isTemporalUp: true })).toMatchObject({ orders: 0, failed: 0 });
});

test('an order of this moment is left to the process that is about to start it', async () => {
  await draftOrder(world, merchant);
  expect(await recover({ isTemporalUp: true })).toMatchObject({ orders: 0, failed: 0 });
});
