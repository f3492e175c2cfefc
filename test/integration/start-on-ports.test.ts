import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { startPostgres } from '../../dev/services/postgres.ts';
import { simulatorEnv, simulatorProcesses } from '../../dev/services/simulators.ts';
import { startOnPorts } from '../../dev/services/start-on-ports.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import { ownDatabase } from '../support/own-database.ts';
import { ownNamespace } from '../support/own-namespace.ts';

let folder: string;
const servers: Server[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-ports-'));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function take(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

/** Starts a service so that another program takes its first port after it was chosen and before it is bound. */
async function startRacing<T extends { stop(): Promise<void> }>(
  start: (port: number) => Promise<T>,
): Promise<{ starts: number; isReplaced: boolean }> {
  const { port: preferred } = await pickPort(0);
  const chosen: number[] = [];
  const { started } = await startOnPorts({
    wanted: { service: { preferred } },
    start: async ({ service: port }) => {
      chosen.push(port);
      if (chosen.length === 1) await take(port);
      return start(port);
    },
  });
  await started.stop();
  return { starts: chosen.length, isReplaced: chosen.at(-1) !== preferred };
}

const onSecondPort = { starts: 2, isReplaced: true };

test('a simulator whose port was taken between look and bind starts on another', async () => {
  const ended = await startRacing((port) =>
    startNodeProcess({
      entry: simulatorProcesses.alipay.entry,
      env: simulatorEnv('alipay', { port, dataDir: join(folder, 'alipay') }),
      logFile: join(folder, 'alipay.log'),
    }),
  );
  expect(ended).toEqual(onSecondPort);
});

test('the platform whose port was taken starts on another', async () => {
  const [database, { address, namespace }] = await Promise.all([ownDatabase(), ownNamespace()]);
  const secretKeys = randomBytes(32).toString('base64');
  const ended = await startRacing((port) =>
    startNodeProcess({
      ...platformProcess,
      args: ['--parts=api'],
      env: {
        ...platformProcess.env,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
        TENDER_SECRET_KEYS: secretKeys,
        TENDER_PUBLIC_URL: `http://127.0.0.1:${port}`,
        PORT: String(port),
      },
      logFile: join(folder, 'platform.log'),
    }),
  );
  expect(ended).toEqual(onSecondPort);
  await database.drop();
});

test('PostgreSQL whose port was taken starts on another', async () => {
  const ended = await startRacing((port) =>
    startPostgres({
      dataDir: join(folder, 'postgres'),
      port,
      logFile: join(folder, 'postgres.log'),
      settings: { fsync: 'off' },
    }),
  );
  expect(ended).toEqual(onSecondPort);
});

test('Temporal whose UI port was taken starts with the UI on another', async () => {
  const { path: binary } = await resolveTemporalBinary();
  const { port } = await pickPort(0);
  const ended = await startRacing((uiPort) =>
    startTemporal({
      binary,
      port,
      uiPort,
      logFile: join(folder, 'temporal.log'),
      searchAttributes: [],
    }),
  );
  expect(ended).toEqual(onSecondPort);
});

test('a service that fails for another reason is not started again', async () => {
  let starts = 0;
  await expect(
    startOnPorts({
      wanted: { service: { preferred: 0 } },
      start: async () => {
        starts += 1;
        throw new Error('the data folder is gone');
      },
    }),
  ).rejects.toThrow('the data folder is gone');
  expect(starts).toBe(1);
});

test('the port that was asked for comes first, then the one of the last start', async () => {
  const [requested, last, preferred] = [
    await pickPort(0),
    await pickPort(0),
    await pickPort(0),
  ].map(({ port }) => port) as [number, number, number];
  const portOf = async (wanted: { requested?: number; last?: number }) => {
    const { ports } = await startOnPorts({
      wanted: { service: { ...wanted, preferred } },
      start: async () => {},
    });
    return ports.service;
  };
  expect(await portOf({ requested, last })).toBe(requested);
  await take(requested);
  expect(await portOf({ requested, last })).toBe(last);
  await take(last);
  expect(await portOf({ requested, last })).toBe(preferred);
});
