import { alipay } from './alipay/definition.ts';
import type { AccountFields, MethodTraits, ProviderDefinition } from './definition.ts';
import type { ProviderName } from './provider.ts';
import { stripe } from './stripe/definition.ts';
import { wechatPay } from './wechat-pay/definition.ts';

/**
 * All providers, as data. A new one needs a folder, a name in `provider.ts`, a line here and one in
 * `create-provider.ts`.
 */
export const definitions: Readonly<Record<ProviderName, ProviderDefinition>> = {
  alipay,
  'wechat-pay': wechatPay,
  stripe,
};

/** Payment methods by public name, with the traits that routing needs. */
export const methods: Readonly<Record<string, MethodTraits & { provider: ProviderName }>> =
  Object.fromEntries(
    Object.values(definitions).flatMap(({ name, methods }) =>
      Object.entries(methods).map(([method, traits]) => [method, { ...traits, provider: name }]),
    ),
  );

/** The first unknown field of an account; a misspelt one would otherwise be noticed only when it is needed. */
export function unknownFieldOf(
  { account }: ProviderDefinition,
  fields: AccountFields,
): string | undefined {
  const settings = new Set([...account.settings, ...(account.optional ?? [])]);
  return (
    Object.keys(fields.settings).find((name) => !settings.has(name)) ??
    Object.keys(fields.credentials).find((name) => !account.credentials.includes(name))
  );
}

/** The definition for the provider name in an account's row; undefined for a name unknown to this version. */
export function findDefinition(name: string): ProviderDefinition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name as ProviderName] : undefined;
}
