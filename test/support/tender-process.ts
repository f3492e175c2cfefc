import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Config } from '../../config/config.ts';
import type { CrashPoint } from '../../config/crash-points.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import type { NodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';

export type Part = 'api' | 'worker' | 'api,worker';

/** Tender as processes of its own, which tests may kill. */
export type TenderProcesses = {
  start(parts: Part, options?: { crashAt?: CrashPoint }): Promise<NodeProcess>;
  /** Starts one that dies at the given point, and another in its place as soon as it has. */
  startDoomed(parts: Part, crashAt: CrashPoint): Promise<Doomed>;
  /** What they said that is no news of their health: errors, and all that is no log line at all. */
  complaints(): Promise<string[]>;
  close(): Promise<void>;
};

export type Doomed = { pid: number; restarted: Promise<NodeProcess> };

const killedBySignal = 137;
const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const errorLevel = 50;
// Temporal's SDK says so at every start: `docs/explanation/decisions/0004-no-stack-trace-per-promise.md`.
const sdkNotice = 'v8.promiseHooks.createHook is not available';

/** Of the code in `root`, by default of this one. */
export async function tenderProcesses(
  config: Config,
  { root = projectFolder, entry = platformProcess.entry }: { root?: string; entry?: string } = {},
): Promise<TenderProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'tender-processes-'));
  const started: Promise<NodeProcess>[] = [];
  let number = 0;
  let isClosing = false;

  function start(
    parts: Part,
    { crashAt, onExit }: { crashAt?: CrashPoint; onExit?: (exit: { code: number }) => void } = {},
  ): Promise<NodeProcess> {
    number += 1;
    const starting = startNodeProcess({
      entry: resolve(root, entry),
      nodeArgs: platformProcess.nodeArgs.map((arg) =>
        arg.startsWith('./') ? pathToFileURL(resolve(root, arg)).href : arg,
      ),
      args: [`--parts=${parts}`],
      logFile: join(folder, `${number}-${parts}.log`),
      env: { ...platformProcess.env, ...environmentOf(config), TENDER_CRASH_AT: crashAt },
      ...(onExit && { onExit }),
    });
    started.push(starting);
    starting.catch(() => {});
    return starting;
  }

  return {
    start,
    async startDoomed(parts, crashAt) {
      let restart: (next: Promise<NodeProcess>) => void = () => {};
      const restarted = new Promise<NodeProcess>((resolve) => {
        restart = resolve;
      });
      restarted.catch(() => {});
      const { pid } = await start(parts, {
        crashAt,
        onExit: ({ code }) => {
          if (isClosing) return;
          restart(
            code === killedBySignal
              ? start(parts)
              : Promise.reject(new Error(`${parts} ended by itself, with ${code}`)),
          );
        },
      });
      return { pid, restarted };
    },
    async complaints() {
      const files = (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8'));
      return (await Promise.all(files)).flatMap((text) => text.split('\n')).filter(isComplaint);
    },
    async close() {
      isClosing = true;
      for (const ended of await Promise.allSettled(started)) {
        if (ended.status === 'fulfilled') await ended.value.stop();
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isComplaint(line: string): boolean {
  if (line === '' || line.startsWith(sdkNotice)) return false;
  try {
    const { level, ready } = JSON.parse(line) as { level?: number; ready?: boolean };
    return ready !== true && (level === undefined || level >= errorLevel);
  } catch {
    return true;
  }
}

/** The configuration as the environment that it would be read from. */
function environmentOf(config: Config): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: config.database.url,
    TEMPORAL_ADDRESS: config.temporal.address,
    TEMPORAL_NAMESPACE: config.temporal.namespace,
    TENDER_TASK_QUEUE: config.temporal.taskQueue,
    TENDER_SECRET_KEYS: config.secretKeys.map((key) => key.toString('base64')).join(','),
    TENDER_PUBLIC_URL: config.http.publicUrl,
    TENDER_ALLOW_PRIVATE_TARGETS: String(config.allowPrivateTargets),
    TENDER_LIMITS: Object.entries(config.limits)
      .map(([name, most]) => `${name}=${most}`)
      .join(','),
    TENDER_TRUSTED_PROXIES: config.trustedProxies.join(','),
    TENDER_DNS_SERVERS: config.dnsServers?.join(',') ?? '',
    TENDER_DRAIN_SECONDS: String(config.stop.drainMs / 1_000),
    TENDER_STOP_SECONDS: String(config.stop.withinMs / 1_000),
    HOST: config.http.host,
    PORT: String(config.http.port),
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'warn',
  };
}
