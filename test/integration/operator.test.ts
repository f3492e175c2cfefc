import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../domain/ids.ts';
import type { AccountId } from '../../domain/ids.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { createProvider } from '../../providers/create-provider.ts';
import { openSandbox } from '../../providers/sandboxes.ts';
import { openWechatPaySandbox } from '../../providers/wechat-pay/sandbox.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

// What operators type, as docs/reference/cli.md says it, in a process of its own.

let world: World;
let folder: string;
let merchant: string;

beforeAll(async () => {
  world = await openWorld({ hasWorker: false });
  folder = await mkdtemp(join(tmpdir(), 'tender-operator-'));
  merchant = String((await tender('merchant', 'create', '--name', 'Tea house')).merchantId);
});

afterAll(async () => {
  await world?.close();
  await rm(folder, { recursive: true, force: true });
});

type Printed = { code: number; stdout: string; stderr: string };

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Printed> {
  const { database, http, secretKeys } = world.config;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'cli/main.ts', ...args],
      {
        env: {
          ...process.env,
          DATABASE_URL: database.url,
          TENDER_PUBLIC_URL: http.publicUrl,
          TENDER_SECRET_KEYS: secretKeys.map((key) => key.toString('base64')).join(','),
          ...env,
        },
      },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function tender(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(args);
  if (code !== 0) throw new Error(`tender ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function writeConfig(words: object): Promise<string> {
  const path = join(folder, `account-${Math.random()}.json`);
  await writeFile(path, JSON.stringify(words));
  return path;
}

test('a key is made, opens the API, and is revoked', async () => {
  const { key, keyId } = await tender('key', 'create', '--merchant', merchant);
  const ask = () =>
    fetch(`${world.url}/v1/events`, { headers: { authorization: `Bearer ${String(key)}` } });
  expect((await ask()).status).toBe(200);
  expect(await tender('key', 'revoke', '--key', String(keyId))).toEqual({ revoked: true });
  // Other processes know keys for some seconds.
  await until('the end of the key', async () => (await ask()).status === 401);
});

test.each([
  '1',
  '0013-01-01T00:00:00Z',
  '2027-02-30T00:00:00Z',
  '2027-06-01 00:00',
  '2020-01-01T00:00:00Z',
])('a key that would end at %s is refused', async (expires) => {
  const { code, stderr } = await run([
    'key',
    'create',
    '--merchant',
    merchant,
    '--expires',
    expires,
  ]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/--expires .*must be/)]);
});

const unknownMerchant = newId('merchant');
const ofAlipay = ['--merchant', unknownMerchant, '--provider', 'alipay'];
test.each([
  ['an unknown noun', ['mercant', 'create'], 'Did you mean merchant?'],
  ['an unknown verb', ['account', 'crate'], 'Did you mean create?'],
  [
    'an unknown option',
    ['key', 'create', '--merchant', unknownMerchant, '--expirse', 'x'],
    '--expires?',
  ],
  ['a missing option', ['merchant', 'create', '--nmae', 'x'], "'--name <name>' not specified"],
  ['an empty name', ['merchant', 'create', '--name', ' '], 'must not be empty'],
  ['an unknown provider', ['account', 'fields', '--provider', 'x'], 'alipay, wechat-pay, stripe'],
  ['an unknown merchant', ['key', 'create', '--merchant', unknownMerchant], 'no merchant mer_'],
  ['a merchant that is no id', ['key', 'create', '--merchant', 'mer_1'], 'must be the id mer_…'],
  ['an unknown key', ['key', 'revoke', '--key', newId('apiKey')], 'no valid key key_'],
  ['an account from nowhere', ['account', 'create', ...ofAlipay], '--config: is required'],
  [
    'a file that is not there',
    ['account', 'create', ...ofAlipay, '--config', '/none.json'],
    'ENOENT',
  ],
  [
    'a simulator that is no address',
    ['account', 'create', ...ofAlipay, '--simulator', 'nope'],
    'must be an address',
  ],
])('%s is refused on one line that says what to do', async (_, args, words) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toContain(words);
});

test('an unreachable database is named by its variable, without the statement', async () => {
  const { code, stderr } = await run(['merchant', 'create', '--name', 'Tea house'], {
    DATABASE_URL: 'postgres://127.0.0.1:9/tender',
  });
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('Check that DATABASE_URL is correct'),
  ]);
  expect(stderr).not.toContain('Tea house');
});

test('help and version need no database', async () => {
  const away = { DATABASE_URL: 'postgres://127.0.0.1:9/tender' };
  const [help, version] = [await run(['--help'], away), await run(['--version'], away)];
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Usage:')]);
  expect([version.code, version.stdout.trim()]).toEqual([0, packageJson.version]);
});

test('a private key among the public settings is refused before anything is written', async () => {
  const config = await configs['wechat-pay by public key']();
  const { privateKey } = config.credentials;
  const path = await writeConfig({
    ...config,
    settings: {
      ...config.settings,
      wechatPayPublicKey: privateKey,
      wechatPayPublicKeyId: 'PUB_KEY_ID_1',
    },
  });
  const args = ['account', 'create', '--merchant', merchant, '--provider', 'wechat-pay'];
  const { code, stderr } = await run([...args, '--config', path]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('wechatPayPublicKey')]);
});

test('a restored database is said', async () => {
  expect(await tender('feed', 'restored')).toEqual({ begun: [0] });
});

/** As Alipay's key tool and console write keys: base64 without any heading. */
const bare = (pem: string) => pem.replaceAll(/-----[^-]+-----|\s/g, '');

/** What each provider hands out, as it hands it out; `@` stands for a file. */
const configs = {
  alipay: async () => {
    const { settings, credentials } = await openSandbox.alipay({
      simulatorUrl: (await world.simulator('alipay')).url,
    });
    return {
      settings: { ...settings, alipayPublicKey: bare(settings['alipayPublicKey'] ?? '') },
      credentials: { privateKey: bare(credentials['privateKey'] ?? '') },
    };
  },
  'alipay with the key of the tool for other languages than Java': async () => {
    const { settings, credentials } = await openSandbox.alipay({
      simulatorUrl: (await world.simulator('alipay')).url,
    });
    const privateKey = createPrivateKey(credentials['privateKey'] ?? '')
      .export({ type: 'pkcs1', format: 'pem' })
      .toString();
    return { settings, credentials: { privateKey: bare(privateKey) } };
  },
  'wechat-pay by certificates': async () => {
    const { settings, credentials } = await openSandbox['wechat-pay']({
      simulatorUrl: (await world.simulator('wechat-pay')).url,
    });
    const { wechatPayPublicKeys: _none, ...rest } = settings;
    return { settings: rest, credentials: await inFiles(credentials) };
  },
  'wechat-pay by public key': async () => {
    const { settings, credentials } = await openWechatPaySandbox({
      simulatorUrl: (await world.simulator('wechat-pay')).url,
      verifiesBy: 'publicKey',
    });
    const { wechatPayPublicKeys = '{}', ...rest } = settings;
    const [[id, key] = []] = Object.entries(JSON.parse(wechatPayPublicKeys) as object);
    const path = join(folder, 'pub_key.pem');
    await writeFile(path, String(key));
    return {
      settings: { ...rest, wechatPayPublicKeyId: id, wechatPayPublicKey: `@${path}` },
      credentials: await inFiles(credentials),
    };
  },
  stripe: async () => {
    const { settings, credentials } = await openSandbox.stripe({
      simulatorUrl: (await world.simulator('stripe')).url,
    });
    return { settings, credentials };
  },
} satisfies Record<string, () => Promise<object>>;

/** Files end in a newline. */
async function inFiles(words: Record<string, string>): Promise<Record<string, string>> {
  const named = Object.entries(words).map(async ([name, value]) => {
    const path = join(folder, `${name}-${Math.random()}`);
    await writeFile(path, `${value.trim()}\n`);
    return [name, `@${path}`] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

describe.each(Object.entries(configs))('account create for %s', (name, config) => {
  const provider = name.split(' ')[0] ?? '';

  test('takes what the provider hands out, and the account can be asked with it', async () => {
    const path = await writeConfig(await config());
    const { accountId, notifyUrl } = await tender(
      ...['account', 'create', '--merchant', merchant, '--provider', provider],
      ...['--config', path, '--priority', '10'],
    );
    expect(notifyUrl).toBe(`${world.url}/providers/${String(accountId)}/notifications`);
    const account = await findProviderAccount(
      { db: world.db, sealer: createSealer(world.config.secretKeys) },
      { accountId: accountId as AccountId },
    );
    // A read that is signed both ways: of a payment that was never made.
    const asked = await (
      await createProvider(account!)
    ).queryPayment({
      outTradeNo: 'neverMade12345',
      providerRef: null,
      providerTradeNo: null,
      amountMinor: 100,
      currency: provider === 'stripe' ? 'USD' : 'CNY',
    });
    expect(asked).toEqual({ kind: 'reported', report: { status: 'absent' } });
  });
});

test.each([
  ['no merchant', ['account', 'create', '--provider', 'alipay'], "'--merchant <id>' not specified"],
  ['no verb', ['account'], 'Usage:'],
])('%s is refused, saying so', async (_, args, words) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test('a word that is misspelt, or a key that is none, is refused before anything is written', async () => {
  const { settings, credentials } = await configs.alipay();
  const create = async (words: object) =>
    run([
      ...['account', 'create', '--merchant', merchant, '--provider', 'alipay'],
      ...['--config', await writeConfig(words)],
    ]);
  const misspelt = await create({ settings: { ...settings, sellerID: '2088' }, credentials });
  expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringContaining('sellerID')]);
  const { publicKey } = generateKeyPairSync('ed25519');
  const other = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  expect(createPublicKey(other).asymmetricKeyType).toBe('ed25519');
  const wrong = await create({ settings: { ...settings, alipayPublicKey: other }, credentials });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('alipayPublicKey')]);
});

test('account fields prints the account fields', async () => {
  expect(await tender('account', 'fields', '--provider', 'wechat-pay')).toMatchObject({
    settings: ['apiUrl', 'appId', 'mchId', 'serialNo'],
    credentials: ['privateKey', 'apiV3Key'],
    optional: expect.arrayContaining(['wechatPayPublicKeyId', 'wechatPayPublicKey']),
  });
});

test('an account whose merchant has no platform certificate says which words are missing', async () => {
  const { settings, credentials } = await openWechatPaySandbox({
    simulatorUrl: (await world.simulator('wechat-pay')).url,
    verifiesBy: 'publicKey',
  });
  const { wechatPayPublicKeys: _none, ...rest } = settings;
  const provider = await createProvider({ provider: 'wechat-pay', settings: rest, credentials });
  await expect(
    provider.queryPayment({
      outTradeNo: 'neverMade12345',
      providerRef: null,
      providerTradeNo: null,
      amountMinor: 100,
      currency: 'CNY',
    }),
  ).rejects.toMatchObject({
    kind: 'misconfigured',
    message: expect.stringContaining('wechatPayPublicKeyId'),
  });
});
