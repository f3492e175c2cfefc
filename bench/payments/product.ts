import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { noLimits } from '../shared/no-limits.ts';
import { openDatabase } from '../../db/database.ts';
import { createSealer } from '../../db/sealed.ts';
import { createKey, createMerchant, createSandboxAccount } from '../../cli/open-account.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { simulatorEnv, simulatorProcesses } from '../../dev/services/simulators.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { profiling } from '../shared/profiling.ts';
import type { Arrival } from '../shared/receiver.ts';
import type { BenchFolder } from '../shared/services.ts';
import type { Side } from './side.ts';

/**
 * The whole product: an order over HTTP, the simulator's signed notification, the paid order, the event at the
 * endpoint.
 */
export async function startProduct(input: {
  folder: BenchFolder;
  address: string;
  databaseUrl: string;
  provider: ProviderName;
}): Promise<Side> {
  const { folder, provider } = input;
  const method = methods[provider];
  const { port } = await pickPort(0);
  const url = `http://127.0.0.1:${port}`;
  const secretKey = randomBytes(32);
  const [simulator, receiver] = await Promise.all([
    startNodeProcess({
      entry: simulatorProcesses[provider].entry,
      logFile: folder.logFile('simulator'),
      env: simulatorEnv(provider, { port: 0, dataDir: `${folder.path}/simulator` }),
    }),
    startNodeProcess({ entry: 'bench/shared/receiver.ts', logFile: folder.logFile('receiver') }),
  ]);
  const platform = await startNodeProcess({
    entry: platformProcess.entry,
    nodeArgs: [...platformProcess.nodeArgs, ...profiling()],
    logFile: folder.logFile('platform'),
    env: {
      ...platformProcess.env,
      DATABASE_URL: input.databaseUrl,
      TEMPORAL_ADDRESS: input.address,
      TENDER_SECRET_KEYS: secretKey.toString('base64'),
      TENDER_PUBLIC_URL: url,
      TENDER_ALLOW_PRIVATE_TARGETS: 'true',
      TENDER_LIMITS: noLimits,
      PORT: String(port),
      LOG_LEVEL: 'warn',
    },
  });
  const simulatorUrl = String(simulator.ready['url']);
  const receiverUrl = String(receiver.ready['url']);
  const { db, close } = openDatabase({
    url: input.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  const { merchantId } = await createMerchant(db, { name: 'Bench' });
  const { key } = await createKey(db, { merchantId, expiresAt: null });
  const { account } = await createSandboxAccount(
    { db, sealer: createSealer([secretKey]) },
    { merchantId, provider, simulatorUrl, publicUrl: url },
  );
  await close();

  const agent = new Agent({ connections: 256 });
  const post = async <T>(address: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await request(address, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode > 201)
      throw new Error(`${address} answered ${response.statusCode}: ${text}`);
    return JSON.parse(text) as T;
  };
  const authorization = `Bearer ${key}`;
  await post(
    `${url}/v1/endpoints`,
    { url: `${receiverUrl}/`, eventTypes: ['order.paid'] },
    { authorization },
  );
  const arrivals = await followArrivals(receiverUrl);
  let orders = 0;

  async function pay({ thinkMs }: { thinkMs: number }): Promise<{ latencyMs: number }> {
    orders += 1;
    const order = await post<{ id: string; payments: [{ outTradeNo: string }] }>(
      `${url}/v1/orders`,
      {
        merchantOrderNo: `B-${orders}`,
        amountMinor: 1250,
        currency: 'CNY',
        subject: 'One cup of tea',
        methods: [method],
      },
      { authorization, 'idempotency-key': `bench-${orders}` },
    );
    if (thinkMs > 0) await sleep(thinkMs);
    const arrived = arrivals.of(order.id);
    const { outTradeNo } = order.payments[0];
    const paid = await post<Trade>(`${simulatorUrl}/console/payments/${outTradeNo}/pay`, {
      account,
    });
    const { atMs } = await arrived;
    // At saturation the simulator's records are not queried, so the latency counts from the payment.
    const sentAt = thinkMs > 0 ? await notifiedAt(outTradeNo) : paid.paidAt;
    return { latencyMs: atMs - Date.parse(sentAt) };
  }

  /** When the simulator sent its notification, shortly before its arrival. */
  async function notifiedAt(outTradeNo: string): Promise<string> {
    for (;;) {
      const { body } = await request(
        `${simulatorUrl}/console/payments/${outTradeNo}?account=${account}`,
        {
          dispatcher: agent,
        },
      );
      const trade = (await body.json()) as Trade;
      // The attempt is recorded at its acknowledgement, which may be a moment after the arrival.
      const first = trade.notifications[0]?.attempts[0];
      if (first) return first.at;
      await sleep(1);
    }
  }

  return {
    name: 'product',
    pids: { platform: platform.pid, simulator: simulator.pid, receiver: receiver.pid },
    pay,
    stop: async () => {
      arrivals.stop();
      await agent.destroy();
      await platform.stop();
      await Promise.all([simulator.stop(), receiver.stop()]);
    },
  };
}

/** The payment method of each provider that the bench uses. */
const methods: Readonly<Record<ProviderName, string>> = {
  alipay: 'alipay.qr',
  'wechat-pay': 'wechat-pay.native',
  stripe: 'stripe.payment_intent',
};

type Trade = { paidAt: string; notifications: { attempts: { at: string }[] }[] };

const arrivalTimeoutMs = 30_000;

/** Follows the receiver's stream of arrivals. */
async function followArrivals(receiverUrl: string) {
  const waiting = new Map<string, (arrival: Arrival) => void>();
  const controller = new AbortController();
  const response = await fetch(`${receiverUrl}/arrivals`, { signal: controller.signal });
  if (!response.body) throw new Error('the receiver sends no arrivals');
  const stream = Readable.fromWeb(response.body as never);
  const lines = createInterface({ input: stream });
  // `stop` aborts the stream, which raises an error.
  for (const source of [stream, lines]) source.on('error', () => {});
  lines.on('line', (line) => {
    const arrival = JSON.parse(line) as Arrival;
    waiting.get(arrival.orderId)?.(arrival);
  });
  return {
    of: (orderId: string) =>
      new Promise<Arrival>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(orderId);
          reject(new Error(`the endpoint received no event of ${orderId}`));
        }, arrivalTimeoutMs);
        waiting.set(orderId, (arrival) => {
          clearTimeout(timer);
          waiting.delete(orderId);
          resolve(arrival);
        });
      }),
    stop: () => controller.abort(),
  };
}
