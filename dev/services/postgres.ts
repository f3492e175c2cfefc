import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import {
  type Exit,
  type SupervisedProcess,
  type SupervisedInput,
  startSupervised,
} from './supervised.ts';
import { assertPortFree, isPortTaken, PortTakenError } from './ports.ts';
import { choosePostgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { POSTGRES_USER, ensureCluster } from './postgres-cluster.ts';
import { clearPostgresLock } from './postgres-lock.ts';

/** Recovery after a kill -9 replays at most `max_wal_size`; this is far more than it needs. */
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 25;

/** SQLSTATE 28P01, invalid_password: waiting would not help. */
const WRONG_PASSWORD = '28P01';

/** For a small machine, with full durability: an acknowledged commit is on disk. */
const defaultSettings: Record<string, string> = {
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '128MB',
  max_connections: '100',
  // For short statements compiling costs more than it saves.
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export type Postgres = {
  pid: number;
  /** The address of a database on this server, password included. */
  url(database: string): string;
  /** Fast shutdown: rolls back open transactions, closes connections, writes everything to disk. */
  stop(): Promise<void>;
};

export type PostgresInput = {
  dataDir: string;
  port: number;
  logFile: string;
  onProgress?: (text: string) => void;
  /** Override the defaults; tests switch `fsync` off. */
  settings?: Record<string, string>;
  /** Called when the server ends without a stop. */
  onExit?: (exit: Exit) => void;
};

/** Starts the embedded PostgreSQL on 127.0.0.1 and resolves when it accepts queries. */
export async function startPostgres(input: PostgresInput): Promise<Postgres> {
  const { port, logFile, onProgress = () => {}, settings = {} } = input;
  const dataDir = resolve(input.dataDir);
  await mkdir(dirname(dataDir), { recursive: true });
  const { initdb, postgres } = await findPostgresBinaries();
  const account = await choosePostgresAccount({
    binaryPath: postgres,
    parentDir: dirname(dataDir),
  });
  await clearPostgresLock(dataDir);
  onProgress('preparing the data folder');
  const { password } = await ensureCluster({ dataDir, initdbPath: initdb, account, logFile });

  onProgress('starting');
  await assertPortFree(port);
  const allSettings = {
    ...defaultSettings,
    ...settings,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  };
  const [command = '', ...args] = [
    ...account.prefix,
    postgres,
    '-D',
    dataDir,
    '-p',
    String(port),
    ...Object.entries(allSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const url = (database: string) =>
    `postgres://${POSTGRES_USER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const { pid, stop } = await startReady({
    server: { command, args, logFile, stopSignal: 'SIGINT', onExit: input.onExit },
    url: url('postgres'),
  });
  return { pid, url, stop };
}

/**
 * Starts the server and waits until it answers; restarts it while backends of a killed server hold its shared memory.
 */
async function startReady({
  server,
  url,
}: {
  server: SupervisedInput;
  url: string;
}): Promise<SupervisedProcess> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    let isReady = false;
    const started = await startSupervised({
      ...server,
      onExit: (exit) => (isReady ? server.onExit?.(exit) : undefined),
    });
    try {
      while (!started.exitSoFar()) {
        isReady = await answers(url);
        if (isReady) return started;
        if (Date.now() >= deadlineMs) await started.stop();
        else await sleep(POLL_MS);
      }
    } catch (error) {
      await started.stop();
      throw error;
    }
    const earlyExit = await started.exited;
    const isHeldBriefly = earlyExit.logTail.includes('pre-existing shared memory block');
    if (!isHeldBriefly || Date.now() >= deadlineMs) {
      const message = `PostgreSQL did not start (exit ${earlyExit.code}): ${earlyExit.logTail}`;
      throw isPortTaken(earlyExit.logTail) ? new PortTakenError(message) : new Error(message);
    }
    await sleep(POLL_MS * 10);
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === WRONG_PASSWORD) throw error;
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
