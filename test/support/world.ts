import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../../config/config.ts';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/database.ts';
import { createSealer } from '../../db/sealed.ts';
import type { MerchantId } from '../../domain/ids.ts';
import {
  createKey,
  createMerchant,
  createSimulatedAlipayAccount,
} from '../../launcher/operator/open-account.ts';
import { startPlatform } from '../../launcher/platform/start-platform.ts';
import { pickPort } from '../../launcher/services/ports.ts';
import { startAlipaySimulator } from '../../providers/alipay/simulator/server.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { apiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { ownDatabase } from './own-database.ts';
import { ownNamespace } from './own-namespace.ts';

export type TestMerchant = { merchantId: MerchantId; key: string; appId: string; api: ApiClient };

/** A whole Tender of one test file's own: database, namespace, platform in this process, simulator. */
export type World = {
  url: string;
  config: Config;
  db: Database;
  temporal: Client;
  simulator: { url: string; call: ApiClient };
  newMerchant(): Promise<TestMerchant>;
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
  } = {},
): Promise<World> {
  const { hasApi = true, hasWorker = true, retryGapsMs } = options;
  const [database, { address, namespace }, { port }, simulator] = await Promise.all([
    options.database ?? ownDatabase(),
    options.temporal ?? ownNamespace(),
    pickPort(0),
    startAlipaySimulator({ port: 0, ...(retryGapsMs && { retryGapsMs }) }),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const config: Config = {
    database: { url: database.url, maxConnections: 10 },
    temporal: { address, namespace, taskQueue: 'tender', apiKey: undefined, tls: false },
    http: { host: '127.0.0.1', port, publicUrl: url },
    secretKeys: [randomBytes(32)],
    allowPrivateTargets: true,
    logLevel: process.env['TEST_LOG'] ?? 'silent',
  };
  const logger = createLogger({ level: config.logLevel, name: 'test' });
  const { db, close: closeDatabase } = openDatabase({ ...config.database, onError: () => {} });
  const sealer = createSealer(config.secretKeys);
  const connection = await Connection.connect({ address });
  const platform =
    hasApi || hasWorker ? await startPlatform({ config, logger, hasApi, hasWorker }) : undefined;

  return {
    url,
    config,
    db,
    temporal: new Client({ connection, namespace }),
    simulator: { url: simulator.url, call: apiClient({ url: `${simulator.url}/console` }) },
    async newMerchant() {
      const { merchantId } = await createMerchant(db, { name: 'Test' });
      const { key } = await createKey(db, { merchantId, expiresAt: null });
      const { appId } = await createSimulatedAlipayAccount(
        { db, sealer },
        { merchantId, simulatorUrl: simulator.url },
      );
      return { merchantId, key, appId, api: apiClient({ url, key }) };
    },
    async close() {
      await platform?.stop();
      await simulator.stop();
      await connection.close();
      await closeDatabase();
      await database.drop();
    },
  };
}
