import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { benchPostgres } from '../../bench/shared/services.ts';
import { openDatabase } from '../../db/database.ts';
import { createSealer } from '../../db/sealed.ts';
import {
  createKey,
  createMerchant,
  createSimulatedAlipayAccount,
} from '../../launcher/operator/open-account.ts';
import { startNodeProcess } from '../../launcher/services/child.ts';
import { pickPort } from '../../launcher/services/ports.ts';
import { resolveTemporalBinary } from '../../launcher/services/temporal-binary.ts';
import { startTemporal } from '../../launcher/services/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { supervise } from './supervised.ts';
import type { Supervised } from './supervised.ts';

export type Stack = {
  url: string;
  databaseUrl: string;
  temporalAddress: string;
  simulatorUrl: string;
  receiverLog: string;
  merchant: { key: string; appId: string };
  /** What may be killed. */
  victims: Supervised[];
  stop(): Promise<void>;
};

// Minutes of Alipay's ladder become seconds: 1.2 s, 3 s, 3 s, 18 s, …
const retryScale = '0.005';
const refusedShare = '0.03';

/** All of Tender in a folder of its own: PostgreSQL, Temporal with a file, provider, merchant, API, worker. */
export async function startStack(input: {
  folder: string;
  say: (text: string) => void;
}): Promise<Stack> {
  const { folder, say } = input;
  const logFile = (name: string) => join(folder, `${name}.log`);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    const postgres = await benchPostgres({ path: folder, logFile, remove: async () => {} });
    stops.push(postgres.stop);
    const receiverLog = join(folder, 'arrivals.jsonl');
    const [simulator, receiver] = await Promise.all([
      startNodeProcess({
        entry: 'providers/alipay/simulator/main.ts',
        logFile: logFile('simulator'),
        env: {
          ALIPAY_SIM_PORT: '0',
          ALIPAY_SIM_DATA_DIR: join(folder, 'alipay'),
          ALIPAY_SIM_RETRY_SCALE: retryScale,
        },
      }),
      startNodeProcess({
        entry: 'test/chaos/receiver.ts',
        logFile: logFile('receiver'),
        env: { RECEIVER_LOG: receiverLog, RECEIVER_REFUSES: refusedShare },
      }),
    ]);
    stops.push(simulator.stop, receiver.stop);

    const [{ port }, { port: temporalPort }] = await Promise.all([pickPort(0), pickPort(0)]);
    const { path: binary } = await resolveTemporalBinary();
    const temporalAddress = `127.0.0.1:${temporalPort}`;
    const temporal = await supervise({
      name: 'temporal',
      say,
      start: (onExit) =>
        startTemporal({
          ...{ binary, onExit },
          port: temporalPort,
          dbFile: join(folder, 'temporal.sqlite'),
          logFile: logFile('temporal'),
          searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
        }),
    });
    stops.push(temporal.stop);

    const url = `http://127.0.0.1:${port}`;
    const secretKey = randomBytes(32);
    const env = {
      DATABASE_URL: postgres.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TENDER_SECRET_KEYS: secretKey.toString('base64'),
      TENDER_PUBLIC_URL: url,
      TENDER_ALLOW_PRIVATE_TARGETS: 'true',
      PORT: String(port),
      LOG_LEVEL: 'info',
    };
    const platform = (part: 'api' | 'worker') =>
      supervise({
        name: part,
        say,
        start: (onExit) =>
          startNodeProcess({
            ...{ env, onExit },
            entry: 'launcher/platform.ts',
            nodeArgs: ['--import', './worker/promise-hook.mjs'],
            args: [`--parts=${part}`],
            logFile: logFile(part),
          }),
      });
    const worker = await platform('worker');
    stops.push(worker.stop);
    const api = await platform('api');
    stops.push(api.stop);

    const simulatorUrl = String(simulator.ready['url']);
    const merchant = await openMerchant({ ...postgres, simulatorUrl, secretKey });
    return {
      ...{ url, temporalAddress, simulatorUrl, receiverLog, stop },
      databaseUrl: postgres.databaseUrl,
      merchant: { ...merchant, key: await withEndpoint(url, merchant.key, receiver.ready['url']) },
      victims: [worker, api, temporal],
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openMerchant(input: {
  databaseUrl: string;
  simulatorUrl: string;
  secretKey: Buffer;
}): Promise<{ key: string; appId: string }> {
  const { simulatorUrl } = input;
  const { db, close } = openDatabase({
    url: input.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  try {
    const { merchantId } = await createMerchant(db, { name: 'Chaos' });
    const { key } = await createKey(db, { merchantId, expiresAt: null });
    const deps = { db, sealer: createSealer([input.secretKey]) };
    const { appId } = await createSimulatedAlipayAccount(deps, { merchantId, simulatorUrl });
    return { key, appId };
  } finally {
    await close();
  }
}

async function withEndpoint(url: string, key: string, receiverUrl: unknown): Promise<string> {
  const { status } = await fetch(`${url}/v1/endpoints`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${String(receiverUrl)}/`, eventTypes: ['*'] }),
  });
  if (status !== 201) throw new Error(`POST /v1/endpoints answered ${status}`);
  return key;
}
