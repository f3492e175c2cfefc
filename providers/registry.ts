import { alipay } from './alipay/definition.ts';
import type { AccountWords, MethodTraits, ProviderDefinition } from './definition.ts';
import type { Provider, ProviderName } from './provider.ts';
import { stripe } from './stripe/definition.ts';
import { wechatPay } from './wechat-pay/definition.ts';

/** All there are. A new one is a folder, a name in `provider.ts`, and a line here. */
export const definitions: Readonly<Record<ProviderName, ProviderDefinition>> = {
  alipay,
  'wechat-pay': wechatPay,
  stripe,
};

/** Ways to pay by their public names, with what has to be known to choose among them. */
export const methods: Readonly<Record<string, MethodTraits & { provider: ProviderName }>> =
  Object.fromEntries(
    Object.values(definitions).flatMap(({ name, methods }) =>
      Object.entries(methods).map(([method, traits]) => [method, { ...traits, provider: name }]),
    ),
  );

/** Builds the client of an account. Throws when a word is missing, naming it. */
export function createProvider(account: AccountWords & { provider: string }): Provider {
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
  return definition.create(account);
}

/** The first word that an account may not say: a misspelt one would be missed only when it is needed. */
export function unknownWordOf(
  { account }: ProviderDefinition,
  words: AccountWords,
): string | undefined {
  const settings = new Set([...account.settings, ...(account.optional ?? [])]);
  return (
    Object.keys(words.settings).find((name) => !settings.has(name)) ??
    Object.keys(words.credentials).find((name) => !account.credentials.includes(name))
  );
}

/** A provider by the name in an account's row; undefined for one this version does not know. */
export function findDefinition(name: string): ProviderDefinition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name as ProviderName] : undefined;
}
