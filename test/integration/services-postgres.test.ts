import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ensureDatabase } from '../../dev/services/ensure-database.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { type Postgres, startPostgres } from '../../dev/services/postgres.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';

const postgresPath = new URL('../../dev/services/postgres.ts', import.meta.url).href;

// A folder of mode 700, as of a clone made by `mktemp -d`: nobody but its owner may enter.
let dir: string;
let dataDir: string;
let port: number;
let running: Postgres | undefined;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tender-postgres-'));
  dataDir = join(dir, 'postgres');
  port = (await pickPort(0)).port;
});
beforeEach(async () => {
  running = await start();
});
afterEach(() => running?.stop());
afterAll(() => rmSync(dir, { recursive: true }));

function start() {
  return startPostgres({
    dataDir,
    port,
    logFile: join(dir, 'postgres.log'),
    settings: { fsync: 'off' },
  });
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** The same server, but started by another process, as by a launcher. */
async function startElsewhere(): Promise<{ launcherPid: number; pid: number }> {
  const input = { dataDir, port, logFile: join(dir, 'postgres.log') };
  const script = `
    import { startPostgres } from ${JSON.stringify(postgresPath)};
    const { pid } = await startPostgres(${JSON.stringify(input)});
    console.log(pid);
  `;
  const launcher = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pid = await new Promise<number>((resolve) =>
    launcher.stdout.once('data', (line: Buffer) => resolve(Number(line))),
  );
  return { launcherPid: launcher.pid ?? 0, pid };
}

test('a database is created once and keeps its data over a stop', async () => {
  const url = running?.url('shop') ?? '';
  expect(await ensureDatabase({ url })).toBe(true);
  expect(await ensureDatabase({ url })).toBe(false);
  await query(url, 'create table kept (n int); insert into kept values (1)');
  await running?.stop();
  running = await start();
  expect(await query(url, 'select n from kept')).toEqual([{ n: 1 }]);
});

test('what was committed survives a kill -9 of the server', async () => {
  const url = running?.url('postgres') ?? '';
  await query(url, 'create table committed (n int); insert into committed values (1)');
  process.kill(running?.pid ?? 0, 'SIGKILL');
  running = await start();
  expect(await query(url, 'select n from committed')).toEqual([{ n: 1 }]);
});

test('a kill -9 of the launcher leaves no server behind', async () => {
  await running?.stop();
  const { launcherPid, pid } = await startElsewhere();
  process.kill(launcherPid, 'SIGKILL');
  await vi.waitFor(() => expect(inspectProcess(pid)).toBeUndefined(), { timeout: 10_000 });
  running = undefined;
});

test('a server whose supervisor was killed is ended by the next start', async () => {
  await running?.stop();
  const { launcherPid, pid } = await startElsewhere();
  const supervisorPid = inspectProcess(pid)?.parentPid ?? 0;
  process.kill(supervisorPid, 'SIGKILL');
  process.kill(launcherPid, 'SIGKILL');
  running = await start();
  expect(inspectProcess(pid)).toBeUndefined();
});

test('a lock whose process id now belongs to something else does not block a start', async () => {
  const lockPath = join(dataDir, 'postmaster.pid');
  const lines = readFileSync(lockPath, 'utf8').split('\n').slice(1);
  await running?.stop();
  writeFileSync(lockPath, [String(process.pid), ...lines].join('\n'));
  running = await start();
  expect(await query(running.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('the server listens on this machine only, wants its password, and has no other door', async () => {
  const url = new URL(running?.url('postgres') ?? '');
  const rows = await query(
    url.href,
    `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
  );
  expect(rows).toEqual([{ addresses: '127.0.0.1', sockets: '' }]);
  url.password = 'guessed';
  await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed');
  expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
});

test('an initdb that was killed leaves nothing half-made', async () => {
  const parentDir = mkdtempSync(join(dir, 'killed-'));
  const otherDir = join(parentDir, 'other');
  const input = { dataDir: otherDir, port, logFile: join(dir, 'other.log') };
  await running?.stop();
  const script = `
    import { startPostgres } from ${JSON.stringify(postgresPath)};
    await startPostgres(${JSON.stringify(input)});
  `;
  const launcher = spawn(process.execPath, [
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '--eval',
    script,
  ]);
  const findUnfinished = () => readdirSync(parentDir).filter((name) => name.includes('.init-'));
  await vi.waitFor(() => expect(findUnfinished()).toHaveLength(1), {
    timeout: 10_000,
    interval: 5,
  });
  const isOver = once(launcher, 'exit');
  launcher.kill('SIGKILL');
  await isOver;
  expect(existsSync(join(otherDir, 'PG_VERSION'))).toBe(false);
  // By the folder alone: a child between fork and exec still has its parent's arguments.
  const isWritten = () => execFileSync('ps', ['-eo', 'args']).includes(otherDir);
  await vi.waitFor(() => expect(isWritten()).toBe(false), { timeout: 15_000 });

  running = await startPostgres({ ...input, settings: { fsync: 'off' } });
  expect(findUnfinished()).toEqual([]);
});
