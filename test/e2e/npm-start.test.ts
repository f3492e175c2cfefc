import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiClient } from '../support/api-client.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Summary = {
  ok: boolean;
  order: { id: string; status: string };
  delivery: { verified: boolean };
  timeline: { step: string }[];
  providers: Record<
    string,
    { order: { status: string }; refund: { status: string }; delivery: { verified: boolean } }
  >;
  orders: { total: number; paid: number; refunded: number };
  links: { checkout: string };
};

let stateFolder: string;
const running: ChildProcess[] = [];
beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'tender-start-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await until('every process to be gone', () => processesOf(stateFolder).length === 0);
  await rm(stateFolder, { recursive: true, force: true });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, ['dev/start.mjs', ...args], {
    cwd: root,
    env: { ...process.env, TENDER_STATE_DIR: stateFolder, PORT: '28080' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said, ended };
}

async function once(): Promise<Summary> {
  const { said, ended } = start('--once', '--json');
  const code = await ended;
  if (code !== 0) throw new Error(`npm start ended with ${code}: ${said.err}`);
  return JSON.parse(said.out) as Summary;
}

/** Processes whose command line or working folder names this test's state folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TENDER_STATE_DIR=${folder}`);
      } catch {
        return false;
      }
    });
}

test('a first start runs an order the whole way, a second one finds its data', async () => {
  const first = await once();
  expect(first).toMatchObject({
    ok: true,
    order: { status: 'partially_refunded' },
    delivery: { verified: true },
  });
  expect(first.timeline.map(({ step }) => step)).toEqual([
    'order created',
    'QR code',
    'paid at the Alipay simulator',
    'notification verified',
    'order paid',
    'merchant notified',
    'signature verified by the merchant',
    'partly refunded',
    'merchant notified of the refund',
  ]);
  expect(Object.keys(first.providers)).toEqual(['alipay', 'wechat-pay', 'stripe']);
  for (const run of Object.values(first.providers)) {
    expect(run).toMatchObject({
      order: { status: 'partially_refunded' },
      refund: { status: 'succeeded' },
      delivery: { verified: true },
    });
  }
  expect(first.orders).toMatchObject({ total: 3, paid: 3, refunded: 3 });
  expect(processesOf(stateFolder)).toEqual([]);

  const second = await once();
  expect(second.orders).toMatchObject({ total: 6, paid: 6 });
  expect(second.order.id).not.toBe(first.order.id);
});

test('Ctrl-C leaves nothing behind, kill -9 neither, and the next start comes up with the old data', async () => {
  const interrupted = start();
  await until('the invitation', () => interrupted.said.err.includes('Ctrl-C stops'));
  expect(interrupted.said.out).toContain('signature verified by the merchant');
  expect(interrupted.said.out).toMatch(/█▀▀▀▀▀█|█▀▀▀▀▀▀▀█/);
  interrupted.child.kill('SIGINT');
  expect(await interrupted.ended).toBe(0);
  expect(processesOf(stateFolder)).toEqual([]);

  const killed = start();
  await until('the invitation', () => killed.said.err.includes('Ctrl-C stops'));
  killed.child.kill('SIGKILL');
  await killed.ended;
  await until('its parts to stop by themselves', () => processesOf(stateFolder).length === 0);
  const ports = kept('ports.json');
  const after = await once();
  expect(kept('ports.json')).toEqual(ports);
  expect(after.orders).toMatchObject({ total: 9, paid: 9 });
});

test('a busy port is replaced and named, and a second start beside a running one is refused', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(28080, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const first = start();
  await until('the invitation', () => first.said.err.includes('Ctrl-C stops'));
  expect(first.said.err).toContain(`port ${port} is busy: the API takes`);
  const second = start('--once');
  expect(await second.ended).toBe(1);
  expect(second.said.err).toContain('already runs at http://127.0.0.1:');
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  server.close();
  expect(existsSync(join(stateFolder, 'run.json'))).toBe(false);
});

function kept<T>(name: string): T {
  return JSON.parse(readFileSync(join(stateFolder, name), 'utf8')) as T;
}

/** Another program on a port, which answers every question with its own 404. */
async function occupy(port: number): Promise<Server> {
  const server = createHttpServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

test('an unpaid order of the last start is paid after one at which kept ports were taken', async () => {
  const first = start();
  await until('the invitation', () => first.said.err.includes('Ctrl-C stops'));
  const { key } = kept<{ key: string }>('demo/merchant.json');
  const api = () => apiClient({ url: kept<Env>('environment.json').TENDER_PUBLIC_URL, key });
  type Env = { TENDER_PUBLIC_URL: string };
  type Order = { id: string; status: string; payments: { outTradeNo: string }[] };
  const { body: order } = await api()<Order>('POST', '/v1/orders', {
    headers: { prefer: 'wait=30' },
    body: {
      merchantOrderNo: 'LEFT-1',
      amountMinor: 100,
      currency: 'CNY',
      subject: 'Left unpaid',
      methods: ['alipay.qr'],
    },
  });
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);

  const before = kept<Record<string, number>>('ports.json');
  const taken = ['api', 'alipay', 'stripe', 'demoMerchant'];
  const others = await Promise.all(taken.map((name) => occupy(before[name]!)));
  const second = start();
  await until('the invitation, or its end', () =>
    second.child.exitCode === null ? second.said.err.includes('Ctrl-C stops') : true,
  );
  expect([second.child.exitCode, second.said.err]).toEqual([null, expect.any(String)]);
  const { account } = kept<{ account: string }>('demo/alipay-account.json');
  const ports = kept<Record<string, number>>('ports.json');
  for (const name of taken) expect(ports[name]).not.toBe(before[name]);
  const simulator = apiClient({ url: `http://127.0.0.1:${ports['alipay']}/console` });
  await simulator('POST', `/payments/${order.payments[0]!.outTradeNo}/pay`, { body: { account } });
  await until('the order to be paid', async () => {
    const { body } = await api()<Order>('GET', `/v1/orders/${order.id}`);
    return body.status === 'paid';
  });
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);

  for (const other of others) {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
  const third = start('--once', '--json');
  expect(await third.ended).toBe(0);
  // The API's is the one that was asked for, now that it is free.
  expect(kept('ports.json')).toEqual({ ...ports, api: before['api'] });
});
