import type { ScriptedFault } from '../../simulators/kit/faults.ts';
import type { PaymentView } from '../../simulators/kit/view.ts';
import type { TestMerchant, World } from './world.ts';

type Trade = { outTradeNo: string };

/** Scripts faults at a merchant's first provider, for one trade only, so that tests may run side by side. */
export async function scriptFaults(
  world: World,
  { outTradeNo }: Trade,
  faults: Omit<ScriptedFault, 'outTradeNo'>[],
  provider?: Parameters<World['simulator']>[0],
): Promise<void> {
  const { call } = await world.simulator(provider);
  const body = faults.map((fault) => ({ ...fault, outTradeNo }));
  const { status, text } = await call('POST', '/faults', { body });
  if (status >= 300) throw new Error(`the simulator answered ${status}: ${text}`);
}

/** What stands in the provider's book under a number; undefined when nothing does. */
export async function tradeOf(
  world: World,
  merchant: TestMerchant,
  { outTradeNo }: Trade,
): Promise<PaymentView | undefined> {
  for (const { provider, account } of merchant.accounts) {
    const { call } = await world.simulator(provider);
    const { status, body } = await call<PaymentView>(
      'GET',
      `/payments/${outTradeNo}?account=${account}`,
    );
    if (status === 200) return body;
  }
  return undefined;
}

/** All payments of a merchant, as its providers know them. */
export async function bookOf(world: World, { accounts }: TestMerchant): Promise<PaymentView[]> {
  const books = await Promise.all(
    accounts.map(async ({ provider, account }) => {
      const { call } = await world.simulator(provider);
      const { body } = await call<{ payments: PaymentView[] }>('GET', `/book?account=${account}`);
      return body.payments;
    }),
  );
  return books.flat();
}

/** The payer opens the code: only now is there an Alipay trade that can be closed. */
export async function scanAtProvider(order: { nextAction: { content?: string } | null }) {
  const response = await fetch(order.nextAction?.content ?? '');
  if (!response.ok) throw new Error(`the payer's page answered ${response.status}`);
}
