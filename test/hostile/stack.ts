import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { profiling } from '../../bench/shared/profiling.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import { ensureDatabase } from '../../dev/services/ensure-database.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { startPostgres } from '../../dev/services/postgres.ts';
import { simulatorEnv, simulatorProcesses } from '../../dev/services/simulators.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { openMerchant } from '../chaos/accounts.ts';
import type { OpenedMerchant } from '../chaos/accounts.ts';
import { startNameServer } from '../support/hostile/name-server.ts';
import { createNames } from './names.ts';
import { watchProcess } from './watched.ts';
import type { Watched } from './watched.ts';

export type Stack = {
  url: string;
  folder: string;
  healthy: OpenedMerchant;
  hostile: OpenedMerchant;
  /** The platform's own processes. */
  platform: readonly Watched[];
  stop(): Promise<void>;
};

const providers = ['alipay', 'wechat-pay'] as const;

// Low enough to be reached by a few hundred requests, so that they are, and cost little.
const limits = 'concurrentRequestsPerMerchant=200,concurrentRequestsPerAddress=200';

/** Tender as production starts it, in a folder of its own, with two merchants who do not know each other. */
export async function startStack(input: {
  folder: string;
  parts: 'together' | 'apart';
}): Promise<Stack> {
  const { folder } = input;
  const logFile = (name: string) => join(folder, `${name}.log`);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    const nameServer = await startNameServer(createNames());
    stops.push(nameServer.close);
    const [{ port }, { port: temporalPort }, { port: postgresPort }] = await Promise.all([
      pickPort(0),
      pickPort(0),
      pickPort(0),
    ]);
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      port: postgresPort,
      logFile: logFile('postgres'),
    });
    stops.push(postgres.stop);
    const databaseUrl = postgres.url('tender');
    await ensureDatabase({ url: databaseUrl });
    await migrateDatabase({ url: databaseUrl });
    const { path: binary } = await resolveTemporalBinary();
    const temporal = await startTemporal({
      binary,
      port: temporalPort,
      dbFile: join(folder, 'temporal.sqlite'),
      logFile: logFile('temporal'),
      searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
    });
    stops.push(temporal.stop);
    const simulators = await Promise.all(
      providers.map(async (provider) => {
        const simulator = await startNodeProcess({
          entry: simulatorProcesses[provider].entry,
          logFile: logFile(provider),
          env: simulatorEnv(provider, { port: 0, dataDir: join(folder, provider) }),
        });
        stops.push(simulator.stop);
        return { provider, url: String(simulator.ready['url']) };
      }),
    );
    const url = `http://127.0.0.1:${port}`;
    const secretKey = randomBytes(32);
    const env = {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TENDER_SECRET_KEYS: secretKey.toString('base64'),
      TENDER_PUBLIC_URL: url,
      TENDER_ALLOW_PRIVATE_TARGETS: 'true',
      TENDER_DNS_SERVERS: nameServer.address,
      TENDER_LIMITS: limits,
      PORT: String(port),
      LOG_LEVEL: 'warn',
    };
    const platform: Watched[] = [];
    for (const part of input.parts === 'together' ? ['api,worker'] : ['worker', 'api']) {
      const name = part.replace(',', '-');
      const loopFile = join(folder, `${name}.loop.jsonl`);
      const ended: Watched['ended'] = [];
      const running = await startNodeProcess({
        entry: platformProcess.entry,
        args: [`--parts=${part}`],
        nodeArgs: [
          ...[
            ...platformProcess.nodeArgs,
            '--expose-gc',
            '--import',
            './test/hostile/watch-loop.mjs',
          ],
          ...profiling(),
        ],
        logFile: logFile(name),
        env: { ...platformProcess.env, ...env, WATCH_LOOP_FILE: loopFile },
        onExit: ({ code }) => ended.push({ code }),
      });
      stops.push(running.stop);
      platform.push(
        watchProcess({ name, pid: running.pid, logFile: logFile(name), loopFile, ended }),
      );
    }
    const opening = { databaseUrl, publicUrl: url, secretKey, simulators };
    const healthy = await openMerchant({ ...opening, name: 'Healthy' });
    const hostile = await openMerchant({ ...opening, name: 'Hostile' });
    return { url, folder, healthy, hostile, platform, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
