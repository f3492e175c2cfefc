/**
 * `npm run tender -- <noun> <verb> …`: what operators do. Works on DATABASE_URL and TENDER_SECRET_KEYS,
 * or, where they are not set, on what the last `npm start` here runs with. Prints JSON.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { openDatabase } from '../db/database.ts';
import { shards } from '../orchestration/required-workflows.ts';
import { keepFeedEpochs } from '../db/queries/feed-epochs.ts';
import { findMerchant, revokeApiKey } from '../db/queries/merchants.ts';
import { insertProviderAccount } from '../db/queries/provider-accounts.ts';
import { isId } from '../domain/ids.ts';
import type { MerchantId } from '../domain/ids.ts';
import type { AccountTerms } from '../db/queries/provider-accounts.ts';
import type { ProviderDefinition } from '../providers/definition.ts';
import { createProvider } from '../providers/create-provider.ts';
import { definitions, findDefinition, unknownFieldOf } from '../providers/registry.ts';
import { instantSchema } from '../api/schemas.ts';
import { isCurrency } from '../domain/money.ts';
import { readJson } from '../domain/read-json.ts';
import { readState } from '../config/local-state.ts';
import { createKey, createMerchant, createSandboxAccount } from './open-account.ts';
import { openSealer } from './open-sealer.ts';
import { rotateKeys } from './rotate-keys.ts';

const usage = `Usage:
  npm run tender -- merchant create --name NAME
  npm run tender -- key create --merchant mer_… [--expires 2027-01-01T00:00:00Z]
  npm run tender -- key revoke --key key_…
  npm run tender -- keys rotate         seals every secret again with the first of TENDER_SECRET_KEYS
  npm run tender -- feed restored       after a restore: readers who know more than the database has begin again
  npm run tender -- account words --provider alipay|wechat-pay|stripe
  npm run tender -- account create --merchant mer_… --provider P --config FILE [TERMS]
  npm run tender -- account create --merchant mer_… --provider P --simulator http://127.0.0.1:8090 [TERMS]
FILE is JSON: {"settings":{…},"credentials":{…}}, with the names that 'account words' says; keep it off
the disk of others. A value that begins with '@' is read from the file named after it.
TERMS: --priority N (lower is asked first) --weight N --methods a,b --currencies CNY,USD
  --least-minor N --most-minor N`;

const { values, positionals } = parsedArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    merchant: { type: 'string' },
    key: { type: 'string' },
    expires: { type: 'string' },
    provider: { type: 'string' },
    config: { type: 'string' },
    simulator: { type: 'string' },
    priority: { type: 'string' },
    weight: { type: 'string' },
    methods: { type: 'string' },
    currencies: { type: 'string' },
    'least-minor': { type: 'string' },
    'most-minor': { type: 'string' },
  },
});

function parsedArgs<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

const environment = { ...readState<Record<string, string>>('environment.json'), ...process.env };
const { db, close } = openDatabase({
  url: variable('DATABASE_URL'),
  maxConnections: 1,
  onError: () => {},
});
const sealer = (options: { hasNeighboursChecked?: boolean } = {}) =>
  openSealer(db, { secretKeys: variable('TENDER_SECRET_KEYS'), ...options });

const verbs: Record<string, () => Promise<unknown>> = {
  'merchant create': () => createMerchant(db, { name: option('name') }),
  'key create': async () => {
    const expiresAt = readExpiry();
    const made = await createKey(db, { merchantId: await knownMerchant(), expiresAt });
    return { ...made, expiresAt };
  },
  'key revoke': async () => {
    const keyId = option('key');
    if (!isId('apiKey', keyId)) refuse('--key: must be the id key_… of a key');
    return { revoked: await revokeApiKey(db, { keyId }) };
  },
  'keys rotate': async () => {
    const onProgress = (progress: object) => process.stderr.write(`${JSON.stringify(progress)}\n`);
    // Which processes run is looked at by the rotation itself.
    const own = await sealer({ hasNeighboursChecked: false });
    const rotation = await rotateKeys({ db, sealer: own }, { onProgress });
    if (rotation.kind === 'refused')
      refuse(`${rotation.reason}:\n${JSON.stringify(rotation.processes, null, 2)}`);
    return rotation;
  },
  'feed restored': () => keepFeedEpochs(db, { shards, isRestored: true }),
  'account words': async () => {
    const { account, methods } = knownProvider();
    return { ...account, methods: Object.keys(methods) };
  },
  'account create': async () => {
    const definition = knownProvider();
    const { name: provider } = definition;
    const merchantId = await knownMerchant();
    const deps = { db, sealer: await sealer() };
    const publicUrl = variable('TENDER_PUBLIC_URL');
    const terms = readTerms();
    if (values.simulator !== undefined) {
      const { simulator: simulatorUrl } = values;
      return createSandboxAccount(deps, { merchantId, provider, simulatorUrl, publicUrl, terms });
    }
    const account = { merchantId, provider, terms, ...readWords(option('config')) };
    const unknown = unknownFieldOf(definition, account);
    if (unknown !== undefined) refuse(`--config: there is no word ${unknown} for ${provider}`);
    // Made once here, so that a wrong key is refused now and not with the first payment.
    await createProvider(account);
    const { id } = await insertProviderAccount(deps, account);
    return { accountId: id, notifyUrl: `${publicUrl}/providers/${id}/notifications` };
  },
};

const wordsSchema = z.strictObject({
  settings: z.record(z.string(), z.string()),
  credentials: z.record(z.string(), z.string()),
});

async function knownMerchant(): Promise<MerchantId> {
  const merchantId = option('merchant');
  const merchant = isId('merchant', merchantId) && (await findMerchant(db, { merchantId }));
  return merchant ? merchant.id : refuse(`--merchant: there is no merchant ${merchantId}`);
}

function readExpiry(): Date | null {
  if (values.expires === undefined) return null;
  const parsed = instantSchema.safeParse(values.expires);
  if (!parsed.success) refuse(`--expires: ${parsed.error.issues[0]?.message}`);
  const expiresAt = new Date(parsed.data);
  return expiresAt > new Date() ? expiresAt : refuse('--expires: must be in the future');
}

function knownProvider(): ProviderDefinition {
  const names = Object.keys(definitions).join(', ');
  return findDefinition(option('provider')) ?? refuse(`--provider: must be one of ${names}`);
}

function readWords(path: string): z.infer<typeof wordsSchema> {
  const reading = readJson(readFileSync(path, 'utf8'));
  if (reading.kind === 'malformed') refuse(`--config: ${reading.reason}`);
  if (reading.kind === 'refused') {
    refuse(`--config: ${reading.problem.path} ${reading.problem.message}`);
  }
  const parsed = wordsSchema.safeParse(reading.value);
  if (!parsed.success) refuse(`--config: ${z.prettifyError(parsed.error)}`);
  const filled = (words: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(words).map(([name, value]) => [
        name,
        value.startsWith('@') ? readFileSync(value.slice(1), 'utf8').trim() : value,
      ]),
    );
  return { settings: filled(parsed.data.settings), credentials: filled(parsed.data.credentials) };
}

function readTerms(): AccountTerms {
  const whole = (name: 'priority' | 'weight' | 'least-minor' | 'most-minor') => {
    const text = values[name];
    if (text === undefined) return undefined;
    const most = name.endsWith('-minor') ? Number.MAX_SAFE_INTEGER : 2_147_483_647;
    const isWhole = /^\d+$/.test(text) && Number(text) <= most;
    return isWhole ? Number(text) : refuse(`--${name}: must be a whole number from 0 to ${most}`);
  };
  const list = (text: string | undefined) => text?.split(',').map((part) => part.trim());
  const given = {
    priority: whole('priority'),
    weight: whole('weight'),
    leastMinor: whole('least-minor'),
    mostMinor: whole('most-minor'),
    methods: list(values.methods),
    currencies: list(values.currencies),
  };
  const own = knownProvider().methods;
  const unknown = given.methods?.find((method) => !Object.hasOwn(own, method));
  if (unknown !== undefined) refuse(`--methods: there is no method ${unknown} at this provider`);
  const strange = given.currencies?.find((currency) => !isCurrency(currency));
  if (strange !== undefined) refuse(`--currencies: there is no currency ${strange}`);
  const { leastMinor = 0, mostMinor = Number.MAX_SAFE_INTEGER } = given;
  if (leastMinor > mostMinor) refuse('--least-minor: must not be above --most-minor');
  // Guarantee: only what was not given is left out.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function option(name: keyof typeof values): string {
  return values[name]?.trim() || refuse(`--${name}: is required\n\n${usage}`);
}

function variable(name: string): string {
  return environment[name] ?? refuse(`${name}: is required (or run npm start here first)`);
}

/** A query's own words hold its parameters, secrets among them: why it failed is what its cause says. */
function whatWentWrong(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!error.message.startsWith('Failed query') || !(cause instanceof Error)) return error.message;
  const code = 'code' in cause ? String(cause.code) : '';
  return `the database: ${cause.message || code}. Is DATABASE_URL right, and does it run?`;
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

// Last, so that everything above is there.
const verb = verbs[positionals.join(' ')];
if (!verb) refuse(usage);
try {
  console.log(JSON.stringify(await verb(), null, 2));
} catch (error) {
  refuse(whatWentWrong(error));
} finally {
  await close();
}
