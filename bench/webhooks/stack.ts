import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { eq, sql } from 'drizzle-orm';
import { Agent, request } from 'undici';
import { noLimits } from '../shared/no-limits.ts';
import { openDatabase } from '../../db/database.ts';
import {
  deliveries,
  dispatchCursors,
  dispatchShards,
  endpoints as endpointsTable,
} from '../../db/schema/index.ts';
import { createKey, createMerchant } from '../../cli/open-account.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import type { NodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { nowMs } from '../shared/figures.ts';
import { createRawHttpClient } from '../shared/raw-http-client.ts';
import { profiling } from '../shared/profiling.ts';
import { benchFolder, benchPostgres, benchTemporal } from '../shared/services.ts';
import type { Behaviour, ReceiverStats } from './receiver.ts';

export type Stack = Awaited<ReturnType<typeof openStack>>;

const padding = 'x'.repeat(600);

/** Starts the platform on real servers, with N endpoints in their own process, each for one event type. */
export async function openStack({ endpoints }: { endpoints: number }) {
  const folder = await benchFolder();
  const postgres = await benchPostgres(folder);
  const temporal = await benchTemporal(folder);
  const { port } = await pickPort(0);
  const url = `http://127.0.0.1:${port}`;
  const secretKey = randomBytes(32);
  const receiver = await startNodeProcess({
    entry: 'bench/webhooks/receiver.ts',
    // Avoids garbage collection pauses of the receiver, which would count as latency.
    nodeArgs: ['--max-semi-space-size=64', '--no-memory-reducer'],
    logFile: folder.logFile('receiver'),
  });
  const receiverUrl = String(receiver.ready['url']);
  const startPart = (parts: string, name: string): Promise<NodeProcess> =>
    startNodeProcess({
      entry: platformProcess.entry,
      args: [`--parts=${parts}`],
      nodeArgs: [...platformProcess.nodeArgs, ...profiling()],
      logFile: folder.logFile(name),
      env: {
        ...platformProcess.env,
        DATABASE_URL: postgres.databaseUrl,
        TEMPORAL_ADDRESS: temporal.address,
        TENDER_SECRET_KEYS: secretKey.toString('base64'),
        TENDER_PUBLIC_URL: url,
        TENDER_ALLOW_PRIVATE_TARGETS: 'true',
        TENDER_LIMITS: noLimits,
        PORT: String(port),
        LOG_LEVEL: 'warn',
      },
    });
  const api = await startPart('api', 'api');
  const worker = { current: await startPart('worker', 'worker') };
  const { db, close } = openDatabase({
    url: postgres.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  const { merchantId } = await createMerchant(db, { name: 'Bench' });
  const { key } = await createKey(db, { merchantId, expiresAt: null });
  const agent = new Agent({ connections: 256 });
  const publisherHeaders = { 'content-type': 'application/json', authorization: `Bearer ${key}` };

  const publisher = createRawHttpClient({ url, headers: publisherHeaders });

  async function call<T>(address: string, body?: unknown, verb?: 'PATCH'): Promise<T> {
    const response = await request(address, {
      method: verb ?? (body === undefined ? 'GET' : 'POST'),
      dispatcher: agent,
      headers: publisherHeaders,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode > 204) throw new Error(`${address}: ${response.statusCode} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  const addressOf = (n: number) => `${receiverUrl}/e/${n}`;
  const endpointIds: string[] = [];
  for (let n = 0; n < endpoints; n++) {
    const created = await call<{ id: string }>(`${url}/v1/endpoints`, {
      url: addressOf(n),
      eventTypes: [`bench.e${n}`],
    });
    endpointIds.push(created.id);
  }
  let published = 0;

  /** True if no delivery is due within 30 s; only later retries are pending. */
  async function isSettled(): Promise<boolean> {
    const { rows } = await db.execute(sql`
      select from ${deliveries} where status = 'pending'
        and next_attempt_at < now() + interval '30 seconds' limit 1`);
    return rows.length === 0;
  }

  return {
    url,
    receiverUrl,
    addressOf,
    db,
    databaseUrl: postgres.databaseUrl,
    folder,
    endpoints,
    pids: () => ({
      load: process.pid,
      api: api.pid,
      worker: worker.current.pid,
      postgres: postgres.pid,
      temporal: temporal.pid,
      receiver: receiver.pid,
    }),
    published: () => published,
    /** Publishes events in one request, spread over all endpoints or those in `only`. */
    async publish({ count, only }: { count: number; only?: readonly number[] }): Promise<void> {
      const events = Array.from({ length: count }, () => {
        const serial = published++;
        const n = only ? only[serial % only.length] : serial % endpoints;
        return { type: `bench.e${n}`, data: { atMs: nowMs(), serial, padding } };
      });
      const status = await publisher.post(
        '/v1/events',
        JSON.stringify(count === 1 ? events[0] : { events }),
      );
      if (status !== 201) throw new Error(`publishing: ${status}`);
    },
    /** The number of deliveries that the relay may have sent without recording the result. */
    async underWay(): Promise<number> {
      const { rows } = await db.execute<{ count: number }>(sql`
        select (select count(*) from ${deliveries} where status = 'pending' and ${deliveries.deliveryOwner} = 'relay')::int
          + (select coalesce(sum(last_position - position), 0) from ${dispatchShards}
            join ${dispatchCursors} using (shard))::int as count`);
      return rows[0]?.count ?? 0;
    },
    /** Vacuums and checkpoints, so that a round does not pay for earlier ones. */
    async tidy(): Promise<void> {
      await db.execute(sql`vacuum analyze`);
      await db.execute(sql`checkpoint`);
    },
    isSettled,
    async settled(): Promise<void> {
      while (!(await isSettled())) await sleep(100);
    },
    /** Enables an endpoint as its owner does after a repair: pending deliveries are attempted at once. */
    enable: (n: number) =>
      call(`${url}/v1/endpoints/${endpointIds[n]}`, { status: 'enabled' }, 'PATCH'),
    /** True if a workflow delivers to any endpoint. */
    async hasFailing(): Promise<boolean> {
      const rows = await db
        .select({ id: endpointsTable.id })
        .from(endpointsTable)
        .where(eq(endpointsTable.deliveryOwner, 'workflow'));
      return rows.length > 0;
    },
    /** Changes how endpoints behave without clearing the counts. */
    behave: (behaviours: Record<string, Behaviour>) => call(`${receiverUrl}/behave`, behaviours),
    /** The ids of all running workflows of any type. */
    async openWorkflows(): Promise<Set<string>> {
      const connection = await Connection.connect({ address: temporal.address });
      const { workflow } = new Client({ connection });
      const ids = new Set<string>();
      for await (const { workflowId } of workflow.list({ query: `ExecutionStatus = 'Running'` }))
        ids.add(workflowId);
      await connection.close();
      return ids;
    },
    reset: (behaviours: Record<string, Behaviour> = {}) => call(`${receiverUrl}/reset`, behaviours),
    stats: () => call<ReceiverStats>(`${receiverUrl}/stats`),
    latencies: () => call<Record<string, number[]>>(`${receiverUrl}/latencies`),
    taken: () => call<number>(`${receiverUrl}/count`),
    /** Kills the worker with SIGKILL and starts another, as a supervisor would. */
    async killWorker(): Promise<void> {
      process.kill(worker.current.pid, 'SIGKILL');
      await worker.current.exited;
      worker.current = await startPart('worker', `worker-${Date.now()}`);
    },
    async close(): Promise<void> {
      await agent.destroy();
      publisher.close();
      await close();
      await worker.current.stop();
      await api.stop();
      await receiver.stop();
      await temporal.stop();
      await postgres.stop();
      await folder.remove();
    },
  };
}
