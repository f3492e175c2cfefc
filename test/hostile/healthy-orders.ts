import { setTimeout as sleep } from 'node:timers/promises';
import { tell } from '../chaos/shop.ts';
import { apiClient } from '../support/api-client.ts';
import type { Seeded } from '../support/hostile/seeded.ts';
import type { OrderBody } from '../support/orders.ts';
import { msOf } from './arrivals.ts';
import type { ShopReceiver } from './shop-receiver.ts';
import type { Stack } from './stack.ts';

type Ms = { p50Ms: number; p99Ms: number; maxMs: number; late: number };

export type OrderFigures = {
  opened: number;
  paid: number;
  /** From the request to the answer with what the payer needs. */
  opening: Ms;
  /** From the payment at the provider to the event at the endpoint. */
  paying: Ms;
};

const everyMs = 2_500;
/** What is later than late is waited for all the same, to say how late it was. */
const patienceMs = 60_000;

/** Opens an order now and then, pays it, and waits until the endpoint hears of it. */
export function buySteadily(
  input: Pick<Stack, 'url' | 'healthy'> & {
    receiver: ShopReceiver;
    lateMs: number;
    random: Seeded;
    signal: AbortSignal;
    refusals: string[];
  },
): { paid: () => number; ended: Promise<OrderFigures> } {
  const { url, healthy, receiver, lateMs, random, signal, refusals } = input;
  const api = apiClient({ url, key: healthy.key });
  const openingMs: number[] = [];
  const payingMs: number[] = [];
  let opened = 0;

  async function buy(number: number): Promise<void> {
    const method = random.pick(['alipay.qr', 'wechat-pay.native']);
    const startedMs = performance.now();
    const { status, body, text } = await api<OrderBody>('POST', '/v1/orders', {
      body: {
        merchantOrderNo: `H-${number}`,
        amountMinor: 1_250,
        currency: 'CNY',
        subject: 'One cup of tea',
        methods: [method],
      },
      headers: { prefer: 'wait=30' },
    });
    if (status !== 201) throw new Error(`${status} ${text.slice(0, 200)}`);
    opened += 1;
    openingMs.push(performance.now() - startedMs);
    const payment = body.payments.at(-1)!;
    const account = healthy.accounts.find(({ provider }) => provider === payment.provider)!;
    const payingSinceMs = performance.now();
    await tell(account, `/payments/${payment.outTradeNo}/pay`);
    const endsMs = performance.now() + patienceMs;
    for (;;) {
      const paidAtMs = receiver.paidAtMs(body.id);
      if (paidAtMs !== undefined) return void payingMs.push(paidAtMs - payingSinceMs);
      if (performance.now() > endsMs) throw new Error(`${body.id} was paid and never told of`);
      await sleep(20);
    }
  }

  async function run(): Promise<OrderFigures> {
    const underWay: Promise<void>[] = [];
    for (let number = 1; !signal.aborted; number++) {
      underWay.push(
        buy(number).catch(
          (error: unknown) => void refusals.push(`order H-${number}: ${String(error)}`),
        ),
      );
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
    await Promise.all(underWay);
    const of = (tookMs: readonly number[]): Ms => ({
      ...msOf(tookMs),
      late: tookMs.filter((ms) => ms > lateMs).length,
    });
    return { opened, paid: payingMs.length, opening: of(openingMs), paying: of(payingMs) };
  }

  return { paid: () => payingMs.length, ended: run() };
}
