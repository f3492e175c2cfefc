import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pickPort } from '../../dev/services/ports.ts';
import type { NodeProcess } from '../../dev/services/child.ts';
import { apiClient } from '../support/api-client.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { openStream } from '../support/event-stream.ts';
import { newOrder, openOrder } from '../support/orders.ts';
import { tenderProcesses } from '../support/tender-process.ts';
import type { TenderProcesses } from '../support/tender-process.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
const opened: TenderProcesses[] = [];

beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterEach(async () => {
  for (const processes of opened.splice(0)) await processes.close();
});
afterAll(() => world?.close());

type Started = { process: NodeProcess; url: string; api: ApiClient; port: number };

/** Another process beside the world's. */
async function start(
  parts: 'api' | 'worker' | 'api,worker',
  { drainMs = 0, withinMs = 30_000, temporal = world.config.temporal } = {},
): Promise<Started> {
  const { port } = await pickPort(0);
  const processes = await tenderProcesses({
    ...world.config,
    temporal,
    http: { ...world.config.http, port },
    stop: { drainMs, withinMs },
  });
  opened.push(processes);
  const process = await processes.start(parts);
  const url = `http://127.0.0.1:${port}`;
  return { process, url, api: apiClient({ url, key: merchant.key }), port };
}

type Readiness = { status: string; checks: { name: string; status: string; detail?: string }[] };
const readyz = (url: string): Promise<ApiAnswer<Readiness>> =>
  apiClient({ url })<Readiness>('GET', '/readyz');

/** Settled, with what it was, or not yet. */
function watched<T>(promise: Promise<T>) {
  const state: { value?: T } = {};
  void promise.then((value) => (state.value = value));
  return state;
}

describe('a process that is asked to stop', () => {
  test('is not ready first, answers what waits with what is known, and serves on until it goes', async () => {
    const { process: running, url, api } = await start('api,worker', { drainMs: 4_000 });
    const order = await openOrder(merchant);
    await merchant.api('POST', '/v1/consumer-groups', {
      body: { name: 'stopping', eventTypes: ['never.*'] },
    });
    const stream = await openStream({ url, key: merchant.key, query: 'types=never.*' });
    await until('the opening', () => stream.lastEventId());
    const held = {
      feed: watched(api<{ data: unknown[] }>('GET', '/v1/events?types=never.*&wait=60')),
      order: watched(
        api<{ id: string }>('GET', `/v1/orders/${order.id}`, { headers: { prefer: 'wait=60' } }),
      ),
      batch: watched(
        api<{ leaseToken: null }>('POST', '/v1/consumer-groups/stopping/take', {
          body: { wait: 60 },
        }),
      ),
    };
    // Sent before: once this one is answered they are there.
    await api('GET', '/v1/orders?limit=1');
    expect(Object.values(held).map(({ value }) => value)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);

    const gone = watched(running.exited);
    process.kill(running.pid, 'SIGTERM');
    const unready = await until('it to be not ready', async () => {
      const answer = await readyz(url);
      return answer.status === 503 && answer;
    });
    expect(unready.body).toEqual({
      status: 'not ready',
      checks: [{ name: 'process', status: 'down', detail: 'is stopping' }],
    });
    const answers = await until('all that waits to be answered', () => {
      const { feed, order, batch } = held;
      return feed.value && order.value && batch.value
        ? { feed: feed.value, order: order.value, batch: batch.value }
        : undefined;
    });
    expect(answers.feed).toMatchObject({ status: 200, body: { data: [] } });
    expect(answers.order).toMatchObject({ status: 200, body: { id: order.id } });
    expect(answers.batch).toMatchObject({ status: 200, body: { leaseToken: null } });
    expect(await stream.ended).toBe(true);
    expect(stream.lastEventId()).not.toBe('');

    expect(gone.value).toBeUndefined();
    const late = await api('POST', '/v1/orders', { body: newOrder() });
    expect([201, 202]).toContain(late.status);
    expect(late.headers.get('connection')).toBe('close');
    expect((await running.exited).code).toBe(0);
  });

  /** A request of which the second half of the body has still to come. */
  async function halfSent({ port }: Started) {
    const body = JSON.stringify(newOrder());
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(
      [
        ...['POST /v1/orders HTTP/1.1', 'host: tender', `authorization: Bearer ${merchant.key}`],
        ...[
          'content-type: application/json',
          `content-length: ${body.length}`,
          'expect: 100-continue',
        ],
        '',
        '',
      ].join('\r\n'),
    );
    await until('the request to be taken', () => answer.includes('100 Continue'));
    socket.write(body.slice(0, 20));
    return { sendRest: () => socket.write(body.slice(20)), answer: () => answer, closed };
  }

  test('finishes a request that is under way', async () => {
    const started = await start('api');
    const { sendRest, answer, closed } = await halfSent(started);
    process.kill(started.process.pid, 'SIGTERM');
    await until('the door to be closed', () =>
      readyz(started.url).then(
        () => false,
        () => true,
      ),
    );
    sendRest();
    await closed;
    expect(answer()).toMatch(/HTTP\/1\.1 20[12] [^]*"merchantOrderNo"/);
    expect((await started.process.exited).code).toBe(0);
  });

  test('goes within its time, whatever a client does not finish', async () => {
    const started = await start('api,worker', { withinMs: 5_000 });
    const { closed } = await halfSent(started);
    process.kill(started.process.pid, 'SIGTERM');
    await closed;
    expect((await started.process.exited).code).toBe(0);
  });
});

describe('readiness', () => {
  const statusOf = ({ body }: ApiAnswer<Readiness>, name: string) =>
    body.checks.find((check) => check.name === name);
  const workers = [
    'workflow tasks of lonely',
    'activities of lonely',
    'activities of lonely-receivers',
  ];

  test('names the workers that nobody runs, and those that somebody does', async () => {
    const temporal = { ...world.config.temporal, taskQueue: 'lonely' };
    const { url } = await start('api', { temporal });
    const alone = await readyz(url);
    expect([alone.status, alone.body.status]).toEqual([200, 'degraded']);
    for (const name of workers)
      expect(statusOf(alone, name)).toMatchObject({ status: 'down', detail: 'no worker polls' });
    await start('worker', { temporal });
    await until('workers of every queue', async () => {
      const answer = await readyz(url);
      return workers.every((name) => statusOf(answer, name)?.status === 'up');
    });
  });

  test('says in bounded time that Temporal is away, and asks it once for all who ask', async () => {
    // Takes connections and says nothing.
    let connections = 0;
    const silent = createServer(() => {
      connections += 1;
    });
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port));
    });
    const { url } = await start('api', {
      temporal: { ...world.config.temporal, address: `127.0.0.1:${port}` },
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => readyz(url)));
    for (const answer of answers) {
      expect([answer.status, answer.body.status]).toEqual([200, 'degraded']);
      expect(statusOf(answer, 'temporal')).toMatchObject({ status: 'down' });
      expect(statusOf(answer, 'database')).toEqual({ name: 'database', status: 'up' });
    }
    expect(connections).toBeLessThan(answers.length);
    silent.close();
  });
});
