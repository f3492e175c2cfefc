import { openAlipaySandbox } from './alipay/sandbox.ts';
import type { AccountFields } from './definition.ts';
import type { ProviderName } from './provider.ts';
import { openStripeSandbox } from './stripe/sandbox.ts';
import { openWechatPaySandbox } from './wechat-pay/sandbox.ts';

export type Sandbox = AccountFields & {
  /** The simulator's own name of the account, for its console. */
  account: string;
};

type OpenSandbox = (input: { simulatorUrl: string }) => Promise<Sandbox>;

/** Opens a fresh account at a provider's simulator, as one would in the provider's portal. */
export const openSandbox: Readonly<Record<ProviderName, OpenSandbox>> = {
  alipay: openAlipaySandbox,
  'wechat-pay': openWechatPaySandbox,
  stripe: openStripeSandbox,
};

/** Tells a simulator where an account's notifications go, where that is not said with each payment. */
export async function nameNotifyUrl(input: {
  provider: ProviderName;
  simulatorUrl: string;
  account: string;
  notifyUrl: string;
}): Promise<void> {
  if (input.provider !== 'stripe') return;
  const response = await fetch(`${input.simulatorUrl}/console/accounts/${input.account}/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: input.notifyUrl }),
  });
  if (!response.ok) throw new Error(`the simulator answered ${response.status} to a webhook's url`);
}
