import type { TradeView } from '../../providers/alipay/simulator/console.ts';
import type { ScriptedFault } from '../../providers/alipay/simulator/faults.ts';
import type { TestMerchant, World } from './world.ts';

type Trade = { outTradeNo: string };

/** Scripts faults at the simulator for one trade only, so that tests may run side by side. */
export async function scriptFaults(
  { simulator }: World,
  { outTradeNo }: Trade,
  faults: Omit<ScriptedFault, 'outTradeNo'>[],
): Promise<void> {
  const body = faults.map((fault) => ({ ...fault, outTradeNo }));
  const { status, text } = await simulator.call('POST', '/faults', { body });
  if (status !== 204) throw new Error(`the simulator answered ${status}: ${text}`);
}

/** What stands in the provider's book under a number; undefined when nothing does. */
export async function tradeOf(
  { simulator }: World,
  { appId }: TestMerchant,
  { outTradeNo }: Trade,
): Promise<TradeView | undefined> {
  const { status, body } = await simulator.call<TradeView>(
    'GET',
    `/trades/${outTradeNo}?appId=${appId}`,
  );
  return status === 200 ? body : undefined;
}

/** All trades of a merchant, as the provider knows them. */
export async function bookOf({ simulator }: World, { appId }: TestMerchant): Promise<TradeView[]> {
  const { body } = await simulator.call<{ trades: TradeView[] }>('GET', `/book?appId=${appId}`);
  return body.trades;
}

/** The payer opens the code: only now is there a trade that can be closed. */
export async function scanAtProvider(
  { simulator }: World,
  { appId }: TestMerchant,
  { outTradeNo }: Trade,
): Promise<void> {
  const { status, text } = await simulator.call('POST', `/trades/${outTradeNo}/scan`, {
    body: { appId },
  });
  if (status !== 200) throw new Error(`the simulator answered ${status}: ${text}`);
}
