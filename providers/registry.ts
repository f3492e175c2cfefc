import { createAlipay } from './alipay/client.ts';
import type { Provider, ProviderName } from './provider.ts';

/** An account's words for its provider. `settings` are public, `credentials` are not. */
export type ProviderAccountConfig = {
  provider: ProviderName;
  settings: Record<string, string>;
  credentials: Record<string, string>;
};

/** Builds the client of an account. Throws when a setting is missing, naming it. */
export function createProvider(account: ProviderAccountConfig): Provider {
  const setting = (name: string) => need(account.settings, name);
  switch (account.provider) {
    case 'alipay':
      return createAlipay({
        gateway: setting('gateway'),
        appId: setting('appId'),
        sellerId: setting('sellerId'),
        alipayPublicKey: setting('alipayPublicKey'),
        privateKey: need(account.credentials, 'privateKey'),
      });
  }
}

function need(values: Record<string, string>, name: string): string {
  const value = values[name];
  if (!value) throw new Error(`the provider account has no '${name}'`);
  return value;
}

/** The way a method is paid, by its public name. */
export const methods = { 'alipay.qr': { provider: 'alipay' } } as const satisfies Record<
  string,
  { provider: ProviderName }
>;

export type Method = keyof typeof methods;
