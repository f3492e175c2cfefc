import type { AccountFields, OpenAccount } from './definition.ts';
import type { Provider, ProviderName } from './provider.ts';
import { findDefinition } from './registry.ts';

const loaders: Readonly<Record<ProviderName, () => Promise<{ openAccount: OpenAccount }>>> = {
  alipay: () => import('./alipay/open-account.ts'),
  'wechat-pay': () => import('./wechat-pay/open-account.ts'),
  stripe: () => import('./stripe/open-account.ts'),
};

/**
 * Builds the client of an account, and loads its provider's SDK on first use. Throws if a required field is missing or
 * a public setting contains a private key.
 */
export async function createProvider(
  account: AccountFields & { provider: string },
): Promise<Provider> {
  const definition = findDefinition(account.provider);
  if (!definition) throw new Error(`there is no provider '${account.provider}'`);
  const { settings, credentials } = definition.account;
  const missing = [
    ...settings.filter((name) => !account.settings[name]),
    ...credentials.filter((name) => !account.credentials[name]),
  ];
  if (missing.length > 0) throw new Error(`the provider account has no '${missing.join("', '")}'`);
  const leaking = Object.entries(account.settings).find(([, value]) =>
    value.includes('PRIVATE KEY-----'),
  );
  if (leaking) {
    throw new Error(`'${leaking[0]}' holds a private key: settings are public, it is a credential`);
  }
  const { openAccount } = await loaders[definition.name]();
  return openAccount(account);
}
