/**
 * Records the histories that `replay.test.ts` replays: `node --import tsx test/replay/record.ts`. Run it
 * by hand when a workflow is new, never to make a failing replay pass: a history stands for orders
 * that are open somewhere while a new version is rolled out.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { eq } from 'drizzle-orm';
import { benchPostgres } from '../../bench/shared/services.ts';
import { takeOverShard } from '../../db/queries/take-over-shard.ts';
import { deliveries, orders } from '../../db/schema/index.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { installRuntime } from '../../worker/install-runtime.ts';
import { cancelOrder, workflowIds } from '../../workflows/messages.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { draftOrder } from '../support/drafts.ts';
import type { Draft } from '../support/drafts.ts';
import { openOrder, payAtProvider } from '../support/orders.ts';
import { scriptFaults } from '../support/provider-book.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { conversationScenes } from './conversation-scenes.ts';
import { lifeScenes } from './life-scenes.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type Scene = { world: World; merchant: TestMerchant };
type Recorded = Pick<WorkflowHandle, 'fetchHistory'>;

const scenes: Record<string, (scene: Scene) => Promise<Recorded>> = {
  async paid({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await begin(world, order);
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  async 'paid-by-asking'({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await scriptFaults(world, order, [{ call: 'notify', kind: 'lostForever' }]);
    await begin(world, order);
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  async 'opened-patiently'({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await scriptFaults(world, order, [{ call: 'create', kind: 'http500', times: 2 }]);
    await begin(world, order);
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  async expired({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await order.begin({ expiresInMs: 1_500 });
    return ended(world, order);
  },
  async cancelled({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await begin(world, order);
    await payOrderOf(world, order).executeUpdate(cancelOrder);
    return ended(world, order);
  },
  async 'cancelled-while-opening'({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await scriptFaults(world, order, [{ call: 'create', kind: 'http500', times: 50 }]);
    await order.begin();
    await until('retried', async () => {
      const { raw } = await payOrderOf(world, order).describe();
      return (raw.pendingActivities?.[0]?.attempt ?? 0) >= 2;
    });
    await payOrderOf(world, order).executeUpdate(cancelOrder);
    return ended(world, order);
  },
  async failed({ world, merchant }) {
    const order = await draftOrder(world, merchant, { expiresInMs: -1_000 });
    await order.begin({ expiresInMs: 60_000 });
    return ended(world, order);
  },
  async 'review-then-paid'({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await scriptFaults(world, order, [{ call: 'notify', kind: 'wrongAmount' }]);
    await begin(world, order);
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  async late({ world, merchant }) {
    const order = await draftOrder(world, merchant);
    await begin(world, order);
    await payOrderOf(world, order).executeUpdate(cancelOrder);
    await ended(world, order);
    await payAtProvider(world, merchant, order);
    const late = world.temporal.workflow.getHandle(workflowIds.settleLate(order.id));
    await until('the late one', () => late.result().catch(() => undefined));
    return late;
  },
  async 'endpoint-retry'({ world, merchant }) {
    const receiver = await startReceiver();
    receiver.answerWith(() => ({ status: receiver.received.length === 1 ? 500 : 204 }));
    const endpoint = await merchant.api<{ id: EndpointId }>('POST', '/v1/endpoints', {
      body: { url: receiver.url, eventTypes: ['order.created'] },
    });
    await openOrder(merchant);
    const delivery = eq(deliveries.endpointId, endpoint.body.id);
    await until('delivered', async () => {
      const [row] = await world.db.select().from(deliveries).where(delivery);
      return row?.status === 'delivered';
    });
    const handle = world.temporal.workflow.getHandle(
      workflowIds.deliverToEndpoint(endpoint.body.id),
    );
    await handle.result();
    await receiver.stop();
    return handle;
  },
  async 'dispatch-continued'({ world }) {
    return firstRunOf(world, workflowIds.dispatchEvents(0), async () => {
      // Each takeover ends the relay's turn, and the workflow calls the next.
      await takeOverShard(world.db, { shard: 0 });
    });
  },
  async 'order-continued'({ world, merchant }) {
    const { id, runId } = await longOrder(world, merchant);
    return world.temporal.workflow.getHandle(workflowIds.payOrder(id), runId);
  },
  async 'order-resumed'({ world, merchant }) {
    const order = await longOrder(world, merchant);
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  ...lifeScenes,
  ...conversationScenes,
  async 'schedules-continued'({ world }) {
    return firstRunOf(world, workflowIds.keepSchedules, async () => {});
  },
  async 'sweep-continued'({ world }) {
    return firstRunOf(world, workflowIds.sweep, async () => {});
  },
};

const payOrderOf = (world: World, { id }: Draft) =>
  world.temporal.workflow.getHandle(workflowIds.payOrder(id));

async function begin(world: World, order: Draft): Promise<void> {
  await order.begin();
  await until('the payer has a code', async () => {
    const [row] = await world.db.select().from(orders).where(eq(orders.id, order.id));
    return row?.version === 2;
  });
}

async function ended(world: World, order: Draft): Promise<Recorded> {
  await payOrderOf(world, order).result();
  return payOrderOf(world, order);
}

/** An order that nobody pays for so long that its workflow goes on in a fresh history; `runId` is the first. */
async function longOrder(world: World, merchant: TestMerchant): Promise<Draft & { runId: string }> {
  const order = await draftOrder(world, merchant);
  await scriptFaults(world, order, [{ call: 'notify', kind: 'lostForever' }]);
  await begin(world, order);
  const { runId } = await payOrderOf(world, order).describe();
  const isFresh = async () => (await payOrderOf(world, order).describe()).runId !== runId;
  await until('a fresh history', isFresh, 600_000);
  return { ...order, runId };
}

/** A workflow that never ends, up to where it continued as new. */
async function firstRunOf(
  { temporal }: World,
  workflowId: string,
  nudge: () => Promise<void>,
): Promise<Recorded> {
  const { runId } = await temporal.workflow.getHandle(workflowId).describe();
  await until(
    `${workflowId} continues as new`,
    async () => {
      await nudge();
      const latest = await temporal.workflow.getHandle(workflowId).describe();
      return latest.runId !== runId;
    },
    180_000,
  );
  return temporal.workflow.getHandle(workflowId, runId);
}

/** Without what belongs to this machine: its processes, its name and its paths decide nothing. */
function withoutMachine(json: string): string {
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  return json
    .replaceAll(/\d+@[\w.-]+/g, 'worker@host')
    .replaceAll(`file://${root}/`, '')
    .replaceAll(`${root}/`, '')
    .replaceAll(root, '');
}

async function main(): Promise<void> {
  const only = process.argv.slice(2);
  const path = await mkdtemp(join(tmpdir(), 'tender-record-'));
  const { path: binary } = await resolveTemporalBinary();
  const postgres = await benchPostgres({
    path,
    logFile: (name) => join(path, `${name}.log`),
    remove: () => rm(path, { recursive: true, force: true }),
  });
  // Before anything else of the SDK makes a runtime of its own.
  installRuntime({ logger: createLogger({ level: 'warn', name: 'record' }) });
  const server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: binary },
      searchAttributes: Object.values(searchAttributes),
      // So that those without an end come to their continuation within a minute.
      extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=40'],
    },
  });
  const world = await openWorld({
    database: { url: postgres.databaseUrl, drop: async () => {} },
    temporal: { address: server.address, namespace: 'default' },
  });
  try {
    for (const [name, record] of Object.entries(scenes)) {
      if (only.length > 0 && !only.includes(name)) continue;
      const handle = await record({ world, merchant: await world.newMerchant() });
      const json = historyToJSON(await handle.fetchHistory());
      const file = new URL(`histories/${name}.json`, import.meta.url);
      await writeFile(file, `${withoutMachine(json)}\n`);
      process.stdout.write(`${name}: ${JSON.parse(json).events.length} events\n`);
    }
  } finally {
    await world.close();
    await server.teardown();
    await postgres.stop();
    await rm(path, { recursive: true, force: true });
  }
}

await main();
