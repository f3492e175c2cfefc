/**
 * `npm run tender -- <noun> <verb> …`: what operators do. Works on DATABASE_URL and TENDER_SECRET_KEYS,
 * or, where they are not set, on what the last `npm start` here runs with. Prints JSON.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseSecretKeys, secretKeysHelp } from '../config/secret-keys.ts';
import { openDatabase } from '../db/database.ts';
import { findMerchant, revokeApiKey } from '../db/queries/merchants.ts';
import { insertProviderAccount } from '../db/queries/provider-accounts.ts';
import { createSealer } from '../db/sealed.ts';
import { isId } from '../domain/ids.ts';
import type { MerchantId } from '../domain/ids.ts';
import { createProvider } from '../providers/registry.ts';
import { readState } from './local/state.ts';
import {
  createKey,
  createMerchant,
  createSimulatedAlipayAccount,
} from './operator/open-account.ts';

const usage = `Usage:
  npm run tender -- merchant create --name NAME
  npm run tender -- key create --merchant mer_… [--expires 2027-01-01T00:00:00Z]
  npm run tender -- key revoke --key key_…
  npm run tender -- account create --merchant mer_… --provider alipay --app-id ID --seller-id ID
      --gateway https://openapi.alipay.com/gateway.do --alipay-public-key FILE --private-key FILE
  npm run tender -- account create --merchant mer_… --provider alipay --simulator http://127.0.0.1:8090`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    merchant: { type: 'string' },
    key: { type: 'string' },
    expires: { type: 'string' },
    provider: { type: 'string' },
    'app-id': { type: 'string' },
    'seller-id': { type: 'string' },
    gateway: { type: 'string' },
    'alipay-public-key': { type: 'string' },
    'private-key': { type: 'string' },
    simulator: { type: 'string' },
  },
});

const environment = { ...readState<Record<string, string>>('environment.json'), ...process.env };
const { db, close } = openDatabase({
  url: variable('DATABASE_URL'),
  maxConnections: 1,
  onError: () => {},
});
const sealer = () =>
  createSealer(
    parseSecretKeys(variable('TENDER_SECRET_KEYS')) ??
      refuse(`TENDER_SECRET_KEYS: ${secretKeysHelp}`),
  );

const verbs: Record<string, () => Promise<unknown>> = {
  'merchant create': () => createMerchant(db, { name: option('name') }),
  'key create': async () => {
    const expiresAt = values.expires === undefined ? null : new Date(values.expires);
    if (expiresAt && Number.isNaN(expiresAt.getTime()))
      refuse('--expires: must be an ISO 8601 time');
    return createKey(db, { merchantId: await knownMerchant(), expiresAt });
  },
  'key revoke': async () => {
    const keyId = option('key');
    if (!isId('apiKey', keyId)) refuse('--key: must be the id key_… of a key');
    return { revoked: await revokeApiKey(db, { keyId }) };
  },
  'account create': async () => {
    if (option('provider') !== 'alipay') refuse('--provider: must be alipay');
    const merchantId = await knownMerchant();
    if (values.simulator !== undefined) {
      const deps = { db, sealer: sealer() };
      return createSimulatedAlipayAccount(deps, { merchantId, simulatorUrl: values.simulator });
    }
    const account = {
      merchantId,
      provider: 'alipay' as const,
      settings: {
        gateway: option('gateway'),
        appId: option('app-id'),
        sellerId: option('seller-id'),
        alipayPublicKey: readFileSync(option('alipay-public-key'), 'utf8'),
      },
      credentials: { privateKey: readFileSync(option('private-key'), 'utf8') },
    };
    // Made once here, so that a wrong key is refused now and not with the first payment.
    createProvider(account);
    const { id } = await insertProviderAccount({ db, sealer: sealer() }, account);
    return { accountId: id };
  },
};

const verb = verbs[positionals.join(' ')];
if (!verb) refuse(usage);
try {
  console.log(JSON.stringify(await verb(), null, 2));
} catch (error) {
  refuse(error instanceof Error ? error.message : String(error));
} finally {
  await close();
}

async function knownMerchant(): Promise<MerchantId> {
  const merchantId = option('merchant');
  const merchant = isId('merchant', merchantId) && (await findMerchant(db, { merchantId }));
  return merchant ? merchant.id : refuse(`--merchant: there is no merchant ${merchantId}`);
}

function option(name: keyof typeof values): string {
  return values[name] ?? refuse(`--${name}: is required\n\n${usage}`);
}

function variable(name: string): string {
  return environment[name] ?? refuse(`${name}: is required (or run npm start here first)`);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
