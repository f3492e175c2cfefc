import { openAlipaySandbox } from './alipay/sandbox.ts';
import type { AccountFields } from './definition.ts';
import type { ProviderName } from './provider.ts';
import { openStripeSandbox } from './stripe/sandbox.ts';
import { openWechatPaySandbox } from './wechat-pay/sandbox.ts';

export type Sandbox = AccountFields & {
  /** The account's name at the simulator, for its console. */
  account: string;
};

type OpenSandbox = (input: { simulatorUrl: string }) => Promise<Sandbox>;

/** Opens a new account at a provider's simulator, as in the provider's portal. */
export const openSandbox: Readonly<Record<ProviderName, OpenSandbox>> = {
  alipay: openAlipaySandbox,
  'wechat-pay': openWechatPaySandbox,
  stripe: openStripeSandbox,
};

/** Registers an account's webhook URL at the simulator, for providers that take none per payment. */
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
  if (!response.ok)
    throw new Error(`the simulator answered HTTP ${response.status} to the webhook registration`);
}
