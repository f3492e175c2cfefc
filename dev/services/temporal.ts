import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { type Exit, type SupervisedProcess, startSupervised } from './supervised.ts';
import { endOrphan } from './orphan.ts';
import { assertPortFree, isPortTaken, PortTakenError } from './ports.ts';
import { inspectProcess } from './process-table.ts';
import { addSearchAttributes } from './temporal-namespace.ts';
import { sqlitePragmas, temporalServerSettings } from './temporal-settings.ts';

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

export type Temporal = {
  /** host:port of the gRPC frontend. */
  address: string;
  /** Undefined when headless. */
  uiUrl: string | undefined;
  pid: number;
  stop(): Promise<void>;
};

export type TemporalInput = {
  /** Path of the `temporal` command. */
  binary: string;
  port: number;
  logFile: string;
  /** Without it the state lives in memory and ends with the process. */
  dbFile?: string;
  /** Without it there is no UI. */
  uiPort?: number;
  ip?: string;
  /** In addition to `default`, which always exists. */
  namespaces?: readonly string[];
  /** Names of keyword attributes; every namespace gets them, those from an earlier start too. */
  searchAttributes: readonly string[];
  /** Called when the server ends without a stop. */
  onExit?: (exit: Exit) => void;
};

/** Starts a real Temporal server and resolves when it answers. */
export async function startTemporal(input: TemporalInput): Promise<Temporal> {
  const { dbFile, port, uiPort, logFile, ip = '127.0.0.1' } = input;
  const address = `${ip}:${port}`;
  if (dbFile) await prepareDbFile(dbFile);
  await assertPortFree(port);
  let isReady = false;
  const server = await startSupervised({
    command: input.binary,
    args: serverArgs({ ...input, ip }),
    logFile,
    env: withoutClientSettings(process.env),
    stopSignal: 'SIGTERM',
    onExit: (exit) => (isReady ? input.onExit?.(exit) : undefined),
  });
  if (dbFile) recordOwner(dbFile, server.pid);
  try {
    const connection = await connectWhenReady(server, { address, ip, port });
    try {
      await completeSearchAttributes(connection, input);
    } finally {
      await connection.close();
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  isReady = true;
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://${ip}:${uiPort}`,
    pid: server.pid,
    stop: async () => {
      await server.stop();
      if (dbFile) rmSync(ownerPath(dbFile), { force: true });
    },
  };
}

function serverArgs(input: TemporalInput & { ip: string }): string[] {
  const { ip, port, uiPort, dbFile, namespaces = [], searchAttributes } = input;
  return [
    'server',
    'start-dev',
    `--ip=${ip}`,
    `--port=${port}`,
    '--log-level=error',
    ...(uiPort === undefined
      ? ['--headless']
      : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    ...(dbFile ? ['--db-filename', dbFile, ...pragmaArgs()] : []),
    ...namespaces.flatMap((name) => ['--namespace', name]),
    ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...Object.entries(temporalServerSettings).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

function pragmaArgs(): string[] {
  return Object.entries(sqlitePragmas).flatMap(([name, value]) => [
    '--sqlite-pragma',
    `${name}=${value}`,
  ]);
}

/**
 * Removes TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the like, which are for clients but which the command also reads.
 */
function withoutClientSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('TEMPORAL_')),
  );
}

/** Ensures one server per SQLite file, because two would both claim its shard. */
async function prepareDbFile(dbFile: string): Promise<void> {
  await mkdir(dirname(dbFile), { recursive: true });
  const path = ownerPath(dbFile);
  if (!existsSync(path)) return;
  const owner = parseOwner(readFileSync(path, 'utf8'));
  if (owner) await endOrphan({ ...owner, stopSignal: 'SIGTERM', what: `Temporal's ${dbFile}` });
  rmSync(path, { force: true });
}

function recordOwner(dbFile: string, pid: number): void {
  const startedAt = inspectProcess(pid)?.startedAt;
  if (startedAt) writeFileSync(ownerPath(dbFile), JSON.stringify({ pid, startedAt }));
}

function parseOwner(text: string): { pid: number; startedAt: string } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // The writer was killed during the write, so it no longer runs.
    return undefined;
  }
}

function ownerPath(dbFile: string): string {
  return `${dbFile}.pid`;
}

/** Checks the port first, then gRPC, because a refused channel waits a second before it retries. */
async function connectWhenReady(
  server: SupervisedProcess,
  { address, ip, port }: { address: string; ip: string; port: number },
): Promise<Connection> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const earlyExit = server.exitSoFar();
    if (earlyExit) {
      const message = `Temporal did not start (exit ${earlyExit.code}): ${earlyExit.logTail}`;
      throw isPortTaken(earlyExit.logTail) ? new PortTakenError(message) : new Error(message);
    }
    const connection = (await isListening(ip, port)) ? await tryConnect(address) : undefined;
    if (connection) return connection;
    if (Date.now() >= deadlineMs) {
      throw new Error(
        `Temporal did not answer at ${address} within ${READY_TIMEOUT_MS / 1_000} s.`,
      );
    }
    await sleep(POLL_MS);
  }
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

async function tryConnect(address: string): Promise<Connection | undefined> {
  try {
    return await Connection.connect({ address, connectTimeout: 1_000 });
  } catch {
    return undefined;
  }
}

/**
 * Adds search attributes to existing namespaces; `--search-attribute` applies only to namespaces that this start
 * creates.
 */
async function completeSearchAttributes(
  connection: Connection,
  { namespaces = [], searchAttributes }: TemporalInput,
): Promise<void> {
  for (const namespace of new Set(['default', ...namespaces])) {
    await addSearchAttributes({ connection, namespace, searchAttributes });
  }
}
