import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProviderName } from '../../providers/provider.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { bookOf, scriptFaults } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ retryGapsMs: [300, 300, 300] });
});
afterAll(() => world.close());

const methods: [ProviderName, string][] = [
  ['alipay', 'alipay.qr'],
  ['wechat-pay', 'wechat-pay.native'],
  ['stripe', 'stripe.payment_intent'],
];

test.concurrent.each(methods)(
  'an outage of %s ends with every order right, and one payment for each',
  async (provider, method) => {
    const merchant = await world.newMerchant([provider]);
    const { call } = await world.simulator(provider);
    const account = merchant.accounts[0]!.account;
    // Paid while nobody is told, and nobody can ask.
    const paidUnheard = await openOrder(merchant, { methods: [method] });
    await scriptFaults(
      world,
      paidUnheard.payments[0]!,
      [{ call: 'notify', kind: 'lostForever', times: 9 }],
      provider,
    );
    const down = ['create', 'query', 'close', 'cancel'].map((verb, seed) => ({
      call: verb,
      kind: 'http500',
      account,
      probability: 1,
      seed,
    }));
    await call('POST', '/faults', { body: down });
    await payAtProvider(world, merchant, paidUnheard);

    const opened = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { status, body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
          body: newOrder({ methods: [method] }),
          headers: { prefer: 'respond-async' },
        });
        expect(status).toBe(202);
        return body;
      }),
    );
    const [unwanted, wanted] = [opened.slice(0, 6), opened.slice(6)];
    for (const order of unwanted) {
      const { status } = await merchant.api('POST', `/v1/orders/${order.id}/cancel`, {
        headers: { prefer: 'respond-async' },
      });
      expect(status).toBe(202);
    }
    await until('the outage was felt', async () => {
      const { rows } = await world.db.$client.query<{ failed: number }>(
        'select coalesce(sum(failed), 0)::int as failed from account_outcomes where account_id = $1',
        [merchant.accounts[0]!.accountId],
      );
      return rows[0]!.failed >= 20;
    });
    await call('DELETE', '/faults');

    await orderBecomes(merchant, paidUnheard, 'paid');
    await Promise.all(unwanted.map((order) => orderBecomes(merchant, order, 'closed')));
    await Promise.all(
      wanted.map((order) =>
        until('it can be paid', async () => {
          const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
          return body.nextAction !== null;
        }),
      ),
    );
    const numbers = (await bookOf(world, merchant)).map(({ outTradeNo }) => outTradeNo);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const order of wanted) expect(numbers).toContain(order.payments[0]!.outTradeNo);
  },
);
