import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newApiKey } from '../../api/keys.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { providerAccounts } from '../../db/schema/index.ts';
import { createSealer } from '../../db/sealed.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import type { NodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { apiClient } from '../support/api-client.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { newSigningMerchant } from '../support/signing-merchant.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let folder: string;
let platform: NodeProcess;
let receiver: Receiver;
let merchant: TestMerchant;
/** What must never be read anywhere, by what it is. */
const secrets = new Map<string, string>();
/** What was answered to requests that went wrong. */
const refusals: { status: number; text: string }[] = [];
let paid: OrderBody;

/** The real process with the most talkative log there is, led through a day on which much goes wrong. */
beforeAll(async () => {
  world = await openWorld({ hasApi: false, hasWorker: false });
  folder = await mkdtemp(join(tmpdir(), 'tender-secrets-'));
  const { database, temporal, http, secretKeys } = world.config;
  const sealingKey = String(secretKeys[0]?.toString('base64'));
  secrets.set('the sealing key', sealingKey);
  [platform, receiver, merchant] = await Promise.all([
    startNodeProcess({
      ...platformProcess,
      logFile: join(folder, 'platform.log'),
      env: {
        ...platformProcess.env,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        TENDER_SECRET_KEYS: sealingKey,
        TENDER_PUBLIC_URL: http.publicUrl,
        TENDER_ALLOW_PRIVATE_TARGETS: 'true',
        HOST: http.host,
        PORT: String(http.port),
        LOG_LEVEL: 'trace',
      },
    }),
    startReceiver(),
    world.newMerchant(),
  ]);
  secrets.set('the API key', merchant.key);
  secrets.set('the body of the API key', merchant.key.slice(3, 35));
  await learnPrivateKeys();
  await payAndTell();
  await letProvidersFail();
  await sendWrongRequests();
});

afterAll(async () => {
  await platform?.stop();
  await receiver?.stop();
  await world?.close();
  await rm(folder, { recursive: true, force: true });
});

async function learnPrivateKeys(): Promise<void> {
  const sealer = createSealer(world.config.secretKeys);
  for (const { id } of await world.db.select({ id: providerAccounts.id }).from(providerAccounts)) {
    const account = await findProviderAccount({ db: world.db, sealer }, { accountId: id });
    const lines = account?.credentials['privateKey']?.split('\n') ?? [];
    secrets.set(`the private key of ${id}`, String(lines[5]));
  }
}

/** An endpoint that fails at first, so that its workflow takes over; an order paid, one cancelled. */
async function payAndTell(): Promise<void> {
  const { body: endpoint } = await merchant.api<{ secret: string }>('POST', '/v1/endpoints', {
    body: { url: `${receiver.url}?token=in-the-url` },
  });
  secrets.set('the signing secret', endpoint.secret);
  secrets.set('the body of the signing secret', endpoint.secret.slice('whsec_'.length));
  receiver.answerWith(() =>
    receiver.received.length === 1 ? { status: 500, body: 'not now' } : { status: 204 },
  );
  paid = await openOrder(merchant);
  secrets.set('the checkout token', String(paid.checkoutUrl.split('/').at(-1)));
  const page = await fetch(paid.checkoutUrl);
  expect(page.status).toBe(200);
  await payAtProvider(world, merchant, paid);
  await orderBecomes(merchant, paid, 'paid');
  const cancelled = await openOrder(merchant);
  await merchant.api('POST', `/v1/orders/${cancelled.id}/cancel`);
  await until('the deliveries', () => receiver.received.length >= 5);
}

/** Answers that cannot be read or believed, and an account whose key the provider does not take. */
async function letProvidersFail(): Promise<void> {
  for (const kind of ['badSignature', 'http500', 'malformed']) {
    const { call } = await world.simulator();
    await call('POST', '/faults', { body: { call: 'create', kind, times: 2 } });
    const opened = await merchant.api('POST', '/v1/orders', {
      body: newOrder(),
      headers: { prefer: 'wait=30' },
    });
    expect(opened.status).toBe(201);
  }
  const stranger = await world.newMerchant();
  await learnPrivateKeys();
  const [own] = await world.db
    .select()
    .from(providerAccounts)
    .where(eq(providerAccounts.merchantId, stranger.merchantId));
  await world.db
    .update(providerAccounts)
    .set({ settings: { ...own?.settings, appId: merchant.accounts[0]!.account } })
    .where(eq(providerAccounts.merchantId, stranger.merchantId));
  const failed = await stranger.api<OrderBody>('POST', '/v1/orders', { body: newOrder() });
  expect(failed.body.status).toBe('failed');
}

async function sendWrongRequests(): Promise<void> {
  const { api } = merchant;
  const signing = await newSigningMerchant(world);
  await learnPrivateKeys();
  secrets.set('another API key', signing.key);
  const unknownKey = newApiKey().key;
  secrets.set('a key that never was', unknownKey);
  refusals.push(
    await api('POST', '/v1/orders', { body: { subject: 7 } }),
    await api('POST', '/v1/orders', { body: '{' }),
    await api('GET', `/v1/orders/${paid.id}x`),
    await api('POST', '/v1/endpoints', { body: { url: 'https://user:hunter2@shop.example/' } }),
    await signing.api('GET', `/v1/orders/${paid.id}`),
    await apiClient({ url: world.url, key: unknownKey })('GET', '/v1/orders'),
    await signing.post(signing.signedBody(signing.paidFields(paid)).replace('12.50', '1.00')),
  );
  secrets.set('a password in a url', 'hunter2');
  // Faults of ours: a credential that does not open, and a table that is away.
  const broken = await newSigningMerchant(world);
  await world.db
    .update(providerAccounts)
    .set({ sealedCredentials: 'nonsense' })
    .where(eq(providerAccounts.id, broken.accountId));
  refusals.push(await broken.post('a=1'));
  await world.db.execute(sql`alter table endpoints rename to endpoints_away`);
  refusals.push(await api('POST', '/v1/endpoints', { body: { url: receiver.url } }));
  refusals.push(await api('GET', '/v1/endpoints'));
  await world.db.execute(sql`alter table endpoints_away rename to endpoints`);
}

function expectNoSecretIn(where: string, text: string, but?: { except: string }): void {
  for (const [what, secret] of secrets) {
    if (what === but?.except) continue;
    expect(secret.length).toBeGreaterThanOrEqual(7);
    if (text.includes(secret)) throw new Error(`${what} is in ${where}`);
  }
  for (const mark of ['whsec_', 'PRIVATE KEY']) {
    if (text.includes(mark)) throw new Error(`${mark} is in ${where}`);
  }
}

/** Everything in a history that can be read: strings, and what payloads and failures carry. */
function readable(node: unknown, lines: string[] = []): string[] {
  if (typeof node === 'string') lines.push(node);
  else if (node instanceof Uint8Array) lines.push(Buffer.from(node).toString());
  else if (typeof node === 'object' && node !== null) {
    for (const child of Object.values(node)) readable(child, lines);
  }
  return lines;
}

describe('no secret is written', () => {
  test('in the log, not even at its most talkative', async () => {
    const log = await readFile(join(folder, 'platform.log'), 'utf8');
    expect(log).toContain(`/v1/orders/${paid.id}`);
    expect(log).toContain('request failed');
    expect(log).toContain('a notification was refused');
    expect(log).toContain('the provider refuses our account: check its keys and permissions');
    expectNoSecretIn('the log', log);
  });

  test('in the answer to a request that went wrong, nor anything of our insides', () => {
    expect(refusals.map(({ status }) => status)).toEqual([
      400, 400, 400, 422, 404, 401, 400, 500, 500, 500,
    ]);
    for (const { text } of refusals) {
      expectNoSecretIn(text, text);
      expect(text).not.toMatch(/select |insert |endpoints_away|node_modules|\.ts:\d+|nonsense/);
    }
  });

  test('in a workflow history, its inputs, failures, notes and heartbeats', async () => {
    const { workflow } = world.temporal;
    const ids = await until('every kind of workflow to be listed', async () => {
      const found: string[] = [];
      for await (const { workflowId } of workflow.list()) found.push(workflowId);
      const kinds = new Set(found.map((id) => id.split('/')[0]));
      const areAll = ['order', 'endpoint', 'dispatch', 'sweep'].every((kind) => kinds.has(kind));
      return areAll && found.includes(`order/${paid.id}`) && found;
    });
    let all = '';
    for (const id of ids) {
      const handle = workflow.getHandle(id);
      const [history, { raw }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      all += readable([history, raw]).join('\n');
    }
    expect(ids.length).toBeGreaterThanOrEqual(8);
    expect(all).toContain(paid.id);
    expect(all).toContain(paid.merchantOrderNo);
    expectNoSecretIn('a history', all);
  });

  test('in the database: what must be opened again is sealed, the rest is a hash', async () => {
    const { rows: tables } = await world.db.execute<{ name: string }>(
      sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(10);
    for (const { name } of tables) {
      const { rows } = await world.db.execute<{ text: string }>(
        sql`select to_jsonb(t)::text as text from ${sql.identifier(name)} t`,
      );
      // Pages are found by their token: it opens one order's page, and nothing else.
      const except = 'the checkout token';
      expectNoSecretIn(`table ${name}`, rows.map(({ text }) => text).join('\n'), { except });
    }
  });
});
