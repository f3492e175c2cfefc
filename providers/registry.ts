import { alipay } from './alipay/definition.ts';
import type { AccountFields, MethodTraits, ProviderDefinition } from './definition.ts';
import type { ProviderName } from './provider.ts';
import { stripe } from './stripe/definition.ts';
import { wechatPay } from './wechat-pay/definition.ts';

/** All there are, as data. A new one is a folder, a name in `provider.ts`, a line here and one in `create-provider.ts`. */
export const definitions: Readonly<Record<ProviderName, ProviderDefinition>> = {
  alipay,
  'wechat-pay': wechatPay,
  stripe,
};

/** Payment methods by their public names, with what has to be known to choose among them. */
export const methods: Readonly<Record<string, MethodTraits & { provider: ProviderName }>> =
  Object.fromEntries(
    Object.values(definitions).flatMap(({ name, methods }) =>
      Object.entries(methods).map(([method, traits]) => [method, { ...traits, provider: name }]),
    ),
  );

/** The first field that an account may not have: a misspelt one would be missed only when it is needed. */
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

/** A provider by the name in an account's row; undefined for one this version does not know. */
export function findDefinition(name: string): ProviderDefinition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name as ProviderName] : undefined;
}
