import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../../config/config.ts';
import { defaultLimits } from '../../config/limits.ts';
import type { Limits } from '../../config/limits.ts';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/database.ts';
import { createSealer } from '../../db/sealed.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { createKey, createMerchant, createSandboxAccount } from '../../cli/open-account.ts';
import type { SandboxAccount } from '../../cli/open-account.ts';
import type { AccountTerms } from '../../db/queries/provider-accounts.ts';
import { startPlatform } from '../../server/start-platform.ts';
import { pickPort } from '../../dev/services/ports.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { startSimulator } from './simulators.ts';
import type { RunningSimulator } from './simulators.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { apiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { ownDatabase } from './own-database.ts';
import { ownNamespace } from './own-namespace.ts';

export type TestMerchant = {
  merchantId: MerchantId;
  key: string;
  api: ApiClient;
  /** One for each provider asked for, in their order. */
  accounts: readonly SandboxAccount[];
};

/** What a test merchant's account at one provider is to be like. */
export type AccountWanted = ProviderName | { provider: ProviderName; terms: AccountTerms };

/** A whole Tender of one test file's own: database, namespace, platform in this process, simulator. */
export type World = {
  url: string;
  config: Config;
  db: Database;
  temporal: Client;
  /** The simulator of a provider, started at the first need. */
  simulator(provider?: ProviderName): Promise<RunningSimulator>;
  /** A merchant with accounts at Alipay, or at those asked for. */
  newMerchant(accounts?: readonly AccountWanted[]): Promise<TestMerchant>;
  close(): Promise<void>;
};

export async function openWorld(
  options: {
    hasApi?: boolean;
    hasWorker?: boolean;
    retryGapsMs?: readonly number[];
    /** A database and a Temporal that the test brings along, instead of a share of the common ones. */
    database?: Awaited<ReturnType<typeof ownDatabase>>;
    temporal?: Awaited<ReturnType<typeof ownNamespace>>;
    dnsServers?: string[];
    /** Of the platform's pool. */
    maxConnections?: number;
    limits?: Partial<Limits>;
    trustedProxies?: string[];
    secretKeys?: Buffer[];
    /** Where the platform logs to, for a test of what operators are told. */
    logger?: Logger;
  } = {},
): Promise<World> {
  const { hasApi = true, hasWorker = true, retryGapsMs } = options;
  const simulators = new Map<ProviderName, Promise<RunningSimulator>>();
  const simulator = (provider: ProviderName = 'alipay') => {
    const running =
      simulators.get(provider) ?? startSimulator(provider, { ...(retryGapsMs && { retryGapsMs }) });
    simulators.set(provider, running);
    return running;
  };
  const [database, { address, namespace }, { port }] = await Promise.all([
    options.database ?? ownDatabase(),
    options.temporal ?? ownNamespace(),
    pickPort(0),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const config: Config = {
    database: { url: database.url, maxConnections: options.maxConnections ?? 10 },
    temporal: { address, namespace, taskQueue: 'tender', apiKey: undefined, tls: false },
    http: { host: '127.0.0.1', port, publicUrl: url },
    secretKeys: options.secretKeys ?? [randomBytes(32)],
    allowPrivateTargets: true,
    dnsServers: options.dnsServers,
    limits: { ...defaultLimits, ...options.limits },
    trustedProxies: options.trustedProxies ?? [],
    stop: { drainMs: 0, withinMs: 30_000 },
    logLevel: process.env['TEST_LOG'] ?? 'silent',
  };
  const logger = options.logger ?? createLogger({ level: config.logLevel, name: 'test' });
  const { db, close: closeDatabase } = openDatabase({
    url: database.url,
    maxConnections: 10,
    onError: () => {},
  });
  const sealer = createSealer(config.secretKeys);
  const connection = await Connection.connect({ address });
  const platform =
    hasApi || hasWorker ? await startPlatform({ config, logger, hasApi, hasWorker }) : undefined;

  return {
    url,
    config,
    db,
    temporal: new Client({ connection, namespace }),
    simulator,
    async newMerchant(wanted = ['alipay']) {
      const { merchantId } = await createMerchant(db, { name: 'Test' });
      const { key } = await createKey(db, { merchantId, expiresAt: null });
      const accounts: SandboxAccount[] = [];
      for (const one of wanted) {
        const { provider, terms = {} } = typeof one === 'string' ? { provider: one } : one;
        const { url: simulatorUrl } = await simulator(provider);
        accounts.push(
          await createSandboxAccount(
            { db, sealer },
            { merchantId, provider, simulatorUrl, publicUrl: url, terms },
          ),
        );
      }
      return { merchantId, key, accounts, api: apiClient({ url, key }) };
    },
    async close() {
      await platform?.stop();
      for (const running of simulators.values()) await (await running).stop();
      await connection.close();
      await closeDatabase();
      await database.drop();
    },
  };
}
