import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { noLimits } from '../../bench/shared/no-limits.ts';
import { benchPostgres } from '../../bench/shared/services.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { simulatorEnv, simulatorProcesses } from '../../dev/services/simulators.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { openMerchant } from './accounts.ts';
import type { ProviderName } from './draw.ts';
import { query } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import type { Shop } from './shop.ts';
import { supervise } from './supervised.ts';
import type { Supervised } from './supervised.ts';

export type Stack = Evidence & {
  shop: Shop;
  /** What may be killed. */
  victims: Supervised[];
  stop(): Promise<void>;
};

// Minutes of a provider's ladder become tenths of seconds, so that what was lost comes again soon.
const retryScale = '0.002';
const refusedShare = '0.03';

/**
 * All of Tender in a folder of its own: PostgreSQL, Temporal with a file, providers, merchants. API and
 * worker are one process, as by default, or two where each is to be killed for itself.
 */
export async function startStack(input: {
  folder: string;
  providers: readonly ProviderName[];
  isSplit: boolean;
  say: (text: string) => void;
}): Promise<Stack> {
  const { folder, providers, isSplit, say } = input;
  const logFile = (name: string) => join(folder, `${name}.log`);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    const postgres = await benchPostgres({ path: folder, logFile, remove: async () => {} });
    stops.push(postgres.stop);
    const { databaseUrl } = postgres;
    const receiverLog = join(folder, 'arrivals.jsonl');
    const receiver = await startNodeProcess({
      entry: 'test/chaos/receiver.ts',
      logFile: logFile('receiver'),
      env: { RECEIVER_LOG: receiverLog, RECEIVER_REFUSES: refusedShare },
    });
    stops.push(receiver.stop);
    const simulators: { provider: ProviderName; url: string }[] = [];
    for (const provider of providers) {
      const simulator = await startNodeProcess({
        entry: simulatorProcesses[provider].entry,
        logFile: logFile(provider),
        env: simulatorEnv(provider, {
          port: 0,
          dataDir: join(folder, provider),
          retryScale,
          sameDayStatements: true,
        }),
      });
      stops.push(simulator.stop);
      simulators.push({ provider, url: String(simulator.ready['url']) });
    }

    const [{ port }, { port: temporalPort }] = await Promise.all([pickPort(0), pickPort(0)]);
    const { path: binary } = await resolveTemporalBinary();
    const temporalAddress = `127.0.0.1:${temporalPort}`;
    const temporal = await supervise({
      name: 'temporal',
      say,
      start: (onExit) =>
        startTemporal({
          binary,
          onExit,
          port: temporalPort,
          dbFile: join(folder, 'temporal.sqlite'),
          logFile: logFile('temporal'),
          searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
        }),
    });
    stops.push(temporal.stop);

    // Before any worker: whoever edits a workflow meanwhile is not to be judged by these histories.
    const bundle = await workflowBundle({
      logger: createLogger({ level: 'silent', name: 'lives' }),
    });
    const url = `http://127.0.0.1:${port}`;
    const secretKey = randomBytes(32);
    const sealingKey = secretKey.toString('base64');
    const env = {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TENDER_SECRET_KEYS: sealingKey,
      TENDER_PUBLIC_URL: url,
      TENDER_ALLOW_PRIVATE_TARGETS: 'true',
      TENDER_LIMITS: noLimits,
      PORT: String(port),
      LOG_LEVEL: 'info',
    };
    const parts = isSplit ? ['worker', 'api'] : ['api,worker'];
    const platform: Supervised[] = [];
    for (const part of parts) {
      const running = await supervise({
        name: part,
        say,
        start: (onExit) =>
          startNodeProcess({
            ...platformProcess,
            onExit,
            env: { ...platformProcess.env, ...env },
            args: [`--parts=${part}`],
            logFile: logFile(part),
          }),
      });
      stops.push(running.stop);
      platform.push(running);
    }

    const opening = { databaseUrl, publicUrl: url, secretKey, simulators };
    const merchant = await openMerchant({ ...opening, name: 'the merchant' });
    const stranger = await openMerchant({ ...opening, name: 'a stranger' });
    const receiverUrl = String(receiver.ready['url']);
    const endpoints = await registerEndpoints(url, merchant.key, receiverUrl);
    const secrets = {
      ...merchant.secrets,
      ...stranger.secrets,
      'the sealing key': sealingKey,
      ...Object.fromEntries(endpoints.map(({ path, secret }) => [`secret of ${path}`, secret])),
      'the signing secret': await readSigningSecret(url, merchant.key),
    };
    const { key, accounts, merchantId } = merchant;
    const refusals: Shop['refusals'] = [];
    return {
      url,
      databaseUrl,
      temporalAddress,
      receiverLog,
      stop,
      secrets,
      endpoints,
      refusals,
      bundle,
      merchant: { merchantId, key, accounts },
      stranger: { merchantId: stranger.merchantId, key: stranger.key, accounts: stranger.accounts },
      logFiles: [...parts, 'temporal'].map(logFile),
      shop: { url, key, receiverUrl, accounts, refusals, endHandle: endHandleIn(databaseUrl) },
      victims: [...platform, temporal],
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the provider gave the payer is over for us too: the clock of one row is put forward. */
function endHandleIn(databaseUrl: string): Shop['endHandle'] {
  return async (outTradeNo) => {
    const number = outTradeNo.replaceAll(/[^0-9a-zA-Z_]/g, '');
    await query(
      databaseUrl,
      `update payments set handle_expires_at = now()
        where out_trade_no = '${number}' and handle_expires_at is not null`,
    );
  };
}

/** One for everything, one for some of it, and one that wants nothing more after the first event. */
async function registerEndpoints(url: string, key: string, receiverUrl: string) {
  const wanted = [
    { path: '/all', eventTypes: ['*'] },
    { path: '/refunds', eventTypes: ['refund.*'] },
    { path: '/gone', eventTypes: ['order.closed'] },
  ];
  return Promise.all(
    wanted.map(async ({ path, eventTypes }) => {
      const response = await fetch(`${url}/v1/endpoints`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ url: `${receiverUrl}${path}`, eventTypes }),
      });
      if (response.status !== 201) throw new Error(`POST /v1/endpoints: ${response.status}`);
      const { id, secret } = (await response.json()) as { id: string; secret: string };
      return { id, path, secret, eventTypes };
    }),
  );
}

async function readSigningSecret(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/signing-secret`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { secret: string }).secret;
}
