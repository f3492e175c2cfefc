import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import type { AccountId } from '../../domain/ids.ts';
import { dateIn, dayBefore } from '../../domain/reconciliation.ts';
import { judgeMigration } from '../../db/migration-checks/judge-migration.ts';
import { createProvider } from '../../providers/create-provider.ts';
import { definitions } from '../../providers/registry.ts';
import { openSandbox } from '../../providers/sandboxes.ts';
import { midnightOf } from '../reconciliation/midnight.ts';
import { planDay } from '../reconciliation/plan.ts';
import { seedDay } from '../reconciliation/seed-day.ts';
import { acquaint } from '../support/conversations.ts';
import { blocksOf, commandsOf, docFiles, filled, projectFolder } from '../support/doc-blocks.ts';
import type { DocBlock } from '../support/doc-blocks.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What README and the docs show is run here, as it is shown, or names the test that runs it. A new block is in neither.

type Handling = {
  file: string;
  /** How the block begins. */
  begins: string;
} & (
  | { run: (block: DocBlock) => Promise<void> }
  /** Another test reads or runs it: that file has to name what is given. */
  | { testedBy: string; naming: string }
);

let world: World;
let merchant: TestMerchant;
let receiver: Receiver;
let folder: string;
/** What the placeholders of the pages stand for, by their prefix. */
const known: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
  receiver = await startReceiver();
  folder = await mkdtemp(join(tmpdir(), 'tender-docs-'));
  Object.assign(known, { tk: merchant.key.slice(3), mer: merchant.merchantId.slice(4) });
});

afterAll(async () => {
  await receiver?.stop();
  await world?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As a reader's shell would, who has set what the page says; a refusal of the API ends it as an error. */
function shell(
  command: string,
  { until, env = {} }: { until?: RegExp; env?: Record<string, string> } = {},
): Promise<string> {
  const strict = 'curl() { command curl --fail-with-body --silent --show-error "$@"; }';
  const child = spawn('sh', ['-c', `${strict}\n${command}`], {
    cwd: projectFolder,
    detached: true,
    env: {
      ...process.env,
      KEY: merchant.key,
      DATABASE_URL: world.config.database.url,
      TENDER_PUBLIC_URL: world.url,
      TENDER_SECRET_KEYS: world.config.secretKeys.map((key) => key.toString('base64')).join(','),
      ...env,
    },
  });
  let said = '';
  let errors = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (until?.test(said) && child.pid !== undefined) process.kill(-child.pid);
    });
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('close', (code) => {
      if (code === 0 || until?.test(said)) resolve(said);
      else reject(new Error(`${command}\nended with ${code}: ${said}${errors}`));
    });
  });
}

/** The page's own address, which `npm start` prefers, and its placeholders. */
const here = (text: string) =>
  filled(text.replaceAll(/http:\/\/127\.0\.0\.1:8080/g, world.url), withPrefixes());

function withPrefixes(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(known).map(([prefix, rest]) => [prefix, `${prefix}_${rest}`]),
  );
}

function learn(value: string): void {
  const at = value.indexOf('_');
  known[value.slice(0, at)] = value.slice(at + 1);
}

const runAll = async ({ text }: DocBlock) => {
  const answers: string[] = [];
  for (const command of commandsOf(text)) answers.push(await shell(here(command)));
  return answers;
};

const jsonOf = <T>(text: string | undefined) => JSON.parse(text ?? '') as T;

/** A call that a page only names: method, path and, after it or in the next line, the body. */
async function callAll(
  { text }: DocBlock,
  fill: (text: string) => string,
  each: (body: Record<string, unknown>) => void = () => {},
): Promise<void> {
  for (const [, method = '', path = '', body = ''] of text.matchAll(
    /^(GET|POST|PUT|DELETE) +(\S+)(?:\s+(\{.*\}))?$/gm,
  )) {
    const answer = await merchant.api(method, fill(path), {
      ...(body && { body: fill(body) }),
    });
    expect(`${method} ${path} ${answer.status} ${answer.text}`).toMatch(/ 20\d /);
    each(answer.body);
  }
}

async function createAccount(block: DocBlock, provider: 'alipay' | 'wechat-pay' | 'stripe') {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = (key: KeyObject, type: string) =>
    key.export({ type: type as 'pkcs8', format: 'pem' }).toString();
  const bare = (text: string) => text.replaceAll(/-----[^-]+-----|\s/g, '');
  const [ours, theirs] = [pem(pair.privateKey, 'pkcs8'), pem(pair.publicKey, 'spki')];
  const files: Record<string, string> = {
    'alipay-public-key.txt': bare(theirs),
    'app-private-key.txt': bare(ours),
    'pub_key.pem': theirs,
    'apiclient_key.pem': ours,
    'apiv3-key.txt': randomBytes(16).toString('hex'),
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), `${text}\n`);
  const secrets = { pk_live: 'pk_live_51Abc', sk_live: 'sk_live_51Abc', whsec: 'whsec_Ab3' };
  const path = join(folder, 'account.json');
  const text = block.text
    .replaceAll('"@', `"@${folder}/`)
    .replaceAll(/(pk_live|sk_live|whsec)_…/g, (_, name: keyof typeof secrets) => secrets[name]);
  await writeFile(path, text);
  const said = await shell(
    `npm -s run tender -- account create --merchant ${merchant.merchantId} --provider ${provider} --config ${path}`,
  );
  const { accountId } = jsonOf<{ accountId: AccountId }>(said);
  const account = await findProviderAccount(
    { db: world.db, sealer: createSealer(world.config.secretKeys) },
    { accountId },
  );
  expect((await createProvider(account!)).queryPayment).toBeTypeOf('function');
  const { settings } = jsonOf<{ settings: Record<string, string> }>(text);
  expect(Object.keys(account!.settings).toSorted()).toEqual(Object.keys(settings).toSorted());
  // Not a way for the other blocks' orders.
  await world.db.$client.query('update provider_accounts set enabled = false where id = $1', [
    accountId,
  ]);
}

async function createsEndpoint(block: DocBlock): Promise<void> {
  const [said] = await runAll(block);
  expect(jsonOf<{ status: string }>(said).status).toBe('enabled');
}

async function opensOrder(block: DocBlock): Promise<void> {
  const order = jsonOf<OrderBody & { checkoutUrl: string }>((await runAll(block)).at(-1));
  learn(order.id);
  const page = await fetch(order.checkoutUrl);
  expect(page.status).toBe(200);
}

async function isMigration({ text }: DocBlock): Promise<void> {
  const earlier = ['0030_add_tip_minor', '0031_fill_tip_minor'];
  expect(judgeMigration({ sql: text, earlier })).toEqual([]);
}

/** What the examples of the patterns print, among other things. */
const printed: Record<string, string> = {
  groups: 'latest: 1100',
  'one-to-one': 'complete',
  'request-response': 'replied {"reserved":2}',
};

async function printsWhatIsSaid({ file, text }: DocBlock): Promise<void> {
  const said = await shell(text, {
    env: { TENDER_URL: world.url, TENDER_KEY: merchant.key, TENDER_MERCHANT: merchant.merchantId },
  });
  expect(said).toContain(printed[/(\w[\w-]*)\.md$/.exec(file)?.[1] ?? '']);
}

const tools = { testedBy: 'test/integration/docs-tools.test.ts' } as const;

const handlings: Handling[] = [
  {
    file: 'docs/explanation/architecture.md',
    begins: ' merchant   ',
    testedBy: 'test/e2e/npm-start.test.ts',
    naming: 'merchant notified',
  },
  { file: 'README.md', begins: 'npm start', ...tools, naming: 'README.md' },
  ...['README.md', 'docs/start/first-order.md'].map((file): Handling => ({
    file,
    begins: 'export KEY=',
    run: opensOrder,
  })),
  {
    file: 'docs/start/first-order.md',
    begins: 'curl -s http://127.0.0.1:8080/v1/orders/ord_…',
    async run({ text }) {
      const [read, wait, refund, ...others] = commandsOf(text).map(here);
      const order = jsonOf<OrderBody>(await shell(read!));
      const [paid] = await Promise.all([shell(wait!), payAtProvider(world, merchant, order)]);
      expect(jsonOf<OrderBody>(paid).id).toBe(order.id);
      await orderBecomes(merchant, order, 'paid');
      expect(jsonOf<{ amountMinor: number }>(await shell(refund!)).amountMinor).toBe(250);
      for (const command of others) expect(jsonOf(await shell(command))).toBeTypeOf('object');
    },
  },
  {
    file: 'docs/start/verify-webhooks.md',
    begins: 'curl -s http://127.0.0.1:8080/v1/endpoints',
    async run(block) {
      const [said] = await runAll(block);
      expect(jsonOf<{ secret: string }>(said).secret).toMatch(/^whsec_/);
    },
  },
  ...['import { createHmac', 'import base64', 'package webhook', 'import java'].map(
    (begins): Handling => ({
      file: 'docs/start/verify-webhooks.md',
      begins,
      testedBy: 'test/unit/verify-webhooks-docs.test.ts',
      naming: 'docs/start/verify-webhooks.md',
    }),
  ),
  {
    file: 'docs/operations/production.md',
    begins: 'npm run tender -- merchant create',
    async run({ text }) {
      const { settings, credentials } = await openSandbox['wechat-pay']({
        simulatorUrl: (await world.simulator('wechat-pay')).url,
      });
      const path = join(folder, 'production-account.json');
      await writeFile(path, JSON.stringify({ settings, credentials }));
      for (const command of commandsOf(text)) {
        const said = await shell(
          here(command.replace('npm run', 'npm -s run').replace(' account.json ', ` ${path} `)),
        );
        expect(jsonOf(said)).toBeTypeOf('object');
      }
    },
  },
  {
    file: 'docs/operations/benchmarks.md',
    begins: 'npm run bench',
    ...tools,
    naming: 'docs/operations/benchmarks.md',
  },
  ...['npm ci', 'npm run conformance'].map((begins): Handling => ({
    file: 'CONTRIBUTING.md',
    begins,
    ...tools,
    naming: 'CONTRIBUTING.md',
  })),
  {
    file: 'docs/guides/add-a-provider.md',
    begins: 'npm run conformance',
    ...tools,
    naming: 'docs/guides/add-a-provider.md',
  },
  ...['"url": "amqps:', '"url": "kafkas:'].map((url): Handling => ({
    file: 'docs/guides/brokers.md',
    begins: `curl -s http://127.0.0.1:8080/v1/endpoints -H "authorization: Bearer $KEY" \\\n  -H 'content-type: application/json' -d '{\n    ${url}`,
    run: createsEndpoint,
  })),
  {
    file: 'docs/guides/events.md',
    begins: 'curl -X POST "http://127.0.0.1:8080/v1/events"',
    async run(block) {
      const [said] = await runAll(block);
      const shown = blocksOf(block.file).find(({ language }) => language === 'json')?.text ?? '';
      const [{ id } = { id: '' }] = jsonOf<{ data: { id: string }[] }>(said).data;
      learn(id);
      expect(jsonOf(said)).toEqual(jsonOf(here(shown)));
    },
  },
  // Compared with the real answer by the block before it.
  {
    file: 'docs/guides/events.md',
    begins: '{ "data": [{ "id": "evt_…"',
    testedBy: 'test/integration/docs.test.ts',
    naming: "language === 'json'",
  },
  {
    file: 'docs/guides/events.md',
    begins: 'curl -X POST "http://127.0.0.1:8080/v1/event-types"',
    run: async (block) => void (await runAll(block)),
  },
  {
    file: 'docs/guides/events.md',
    begins: 'curl "http://127.0.0.1:8080/v1/events?after=0',
    run: async (block) => void (await runAll(block)),
  },
  {
    file: 'docs/guides/events.md',
    begins: 'curl -N "http://127.0.0.1:8080/v1/events/stream',
    async run({ text }) {
      const [command = ''] = commandsOf(text);
      const reading = shell(here(command), { until: /^event: order\.created$[^]*\n\n/m });
      // The stream says what comes next: it has to be open before.
      const opening = setInterval(() => void openOrder(merchant), 500);
      const said = await reading.finally(() => clearInterval(opening));
      const lines = said.split('\n').map((line) => line.replace(/:.*/, ':'));
      expect(lines).toEqual(expect.arrayContaining(['retry:', 'id:', 'event:', 'data:']));
      expect(said).toMatch(
        /^retry: 3000\nid: \d+(?:-\w+)?\n\n(?:.*\n)*id: \d+(?:-\w+)?\nevent: order\.\w+\ndata: \{"id":"evt_/,
      );
    },
  },
  // Its form is checked by the block before it.
  {
    file: 'docs/guides/events.md',
    begins: 'retry: 3000',
    testedBy: 'test/integration/docs.test.ts',
    naming: 'retry: 3000',
  },
  {
    file: 'docs/guides/events.md',
    begins: 'curl -X POST "http://127.0.0.1:8080/v1/consumer-groups"',
    async run({ text }) {
      const [create, take, acknowledge] = commandsOf(text);
      await shell(here(create!));
      const { leaseToken, cursor } = jsonOf<{ leaseToken: string; cursor: string }>(
        await shell(here(take!)),
      );
      learn(leaseToken);
      await shell(here(acknowledge!).replace('"cursor":"42"', `"cursor":"${cursor}"`));
    },
  },
  ...['{\n  "data.currency"', '{\n  "type": { "$startsWith"', '{\n  matches: false'].map(
    (begins): Handling => ({
      file: 'docs/reference/filters.md',
      begins,
      testedBy: 'test/unit/filter-docs.test.ts',
      naming: 'docs/reference/filters.md',
    }),
  ),
  ...[
    'content-type: application/json\n\n',
    'content-type: application/xml',
    'content-type: application/x-www-form-urlencoded',
    'content-type: application/cloudevents+json',
    'content-type: application/json\nce-id',
  ].map((begins): Handling => ({
    file: 'docs/reference/formats.md',
    begins,
    testedBy: 'test/unit/delivery-format-docs.test.ts',
    naming: 'docs/reference/formats.md',
  })),
  {
    file: 'docs/reference/limits.md',
    begins: 'RateLimit-Policy:',
    async run({ text }) {
      const { headers } = await merchant.api('GET', '/v1/orders');
      for (const line of text.trim().split('\n')) {
        const [name = '', value = ''] = line.split(': ');
        // The figures are those of the moment.
        const form = (words: string) => words.replaceAll(/\d+/g, 'n');
        expect(form(headers.get(name) ?? 'missing')).toBe(form(value));
      }
    },
  },
  ...['-- compatible:', '-- breaking:'].map((begins): Handling => ({
    file: 'docs/guides/change-the-schema.md',
    begins,
    run: isMigration,
  })),
  {
    file: 'docs/guides/provider-accounts.md',
    begins: '{\n  "settings": {\n    "gateway"',
    run: (block) => createAccount(block, 'alipay'),
  },
  {
    file: 'docs/guides/provider-accounts.md',
    begins: '{\n  "settings": {\n    "apiUrl": "https://api.mch',
    run: (block) => createAccount(block, 'wechat-pay'),
  },
  {
    file: 'docs/guides/provider-accounts.md',
    begins: '{\n  "settings": {\n    "apiUrl": "https://api.stripe',
    run: (block) => createAccount(block, 'stripe'),
  },
  {
    file: 'docs/guides/reconciliation.md',
    begins: 'curl -X POST "http://127.0.0.1:8080/v1/reconciliations"',
    async run({ text }) {
      const { timeZone } = definitions.alipay.statements;
      const date = dayBefore(dateIn(timeZone, Date.now()));
      const fromMs = midnightOf(date, timeZone);
      await seedDay(
        world,
        merchant,
        planDay({ provider: 'alipay', fromMs, orders: 60, differences: 12, seed: 42 }),
      );
      learn(merchant.accounts[0]!.accountId);
      const [run, list, acknowledge] = commandsOf(text);
      const ended = jsonOf<{ id: string; status: string }>(
        await shell(here(run!).replace('2026-11-21', date)),
      );
      expect(ended.status).toBe('done');
      learn(ended.id);
      const { data } = jsonOf<{ data: { id: string }[] }>(await shell(here(list!)));
      learn(data[0]!.id);
      const { status } = jsonOf<{ status: string }>(await shell(here(acknowledge!)));
      expect(status).toBe('acknowledged');
    },
  },
  {
    file: 'docs/guides/reconciliation.md',
    begins: 'node --import tsx test/reconciliation/day.ts',
    ...tools,
    naming: 'docs/guides/reconciliation.md',
  },
  {
    file: 'docs/operations/secrets.md',
    begins: 'TENDER_SECRET_KEYS: names',
    async run({ text }) {
      const refused = shell('npm -s run tender -- keys rotate', {
        env: { TENDER_SECRET_KEYS: randomBytes(32).toString('base64') },
      });
      const said = await refused.then(
        () => '',
        (error: Error) => error.message,
      );
      const form = (words: string) =>
        words
          .replaceAll(/\b[0-9a-f]{8}\b/g, 'key')
          .replaceAll(/\s+/g, ' ')
          .trim();
      expect(form(said)).toContain(form(text));
    },
  },
  {
    file: 'docs/operations/secrets.md',
    begins: 'echo "$TENDER_SECRET_KEYS"',
    async run(block) {
      const [said] = await runAll(block);
      expect(said?.trim()).toBe(createSealer(world.config.secretKeys).keyIds[0]);
    },
  },
  {
    file: 'docs/operations/secrets.md',
    begins: 'npm run tender -- keys rotate',
    async run({ text }) {
      const said = await shell(text.replace('npm run', 'npm -s run'));
      expect(jsonOf<{ kind: string }>(said).kind).toBe('rotated');
    },
  },
  {
    file: 'docs/guides/messaging/groups.md',
    begins: 'POST /v1/topics',
    async run(block) {
      const { body } = await merchant.api<{ id: string }>('POST', '/v1/endpoints', {
        body: { url: receiver.url, eventTypes: ['group.*'] },
      });
      let topic = '';
      const fill = (text: string) =>
        text
          .replace('{id}', topic)
          .replace('{participant}', body.id)
          // Nobody publishes meanwhile.
          .replace('after=17&wait=30', 'after=0&wait=0')
          .replace('"seq": 18', '"seq": 1');
      await callAll(block, fill, (answer) => {
        topic ||= String(answer['id']);
      });
    },
  },
  {
    file: 'docs/guides/messaging/one-to-one.md',
    begins: 'POST /v1/sessions',
    async run(block) {
      const other = await world.newMerchant([]);
      await acquaint(merchant, other);
      let session = '';
      const fill = (text: string) =>
        text
          .replace('{id}', session)
          .replace('mer_a…', merchant.merchantId)
          .replace('mer_b…', other.merchantId);
      await callAll(block, fill, (answer) => {
        session ||= String(answer['id']);
      });
    },
  },
  {
    file: 'docs/guides/messaging/request-response.md',
    begins: 'POST /v1/messages',
    async run(block) {
      const { body } = await merchant.api<{ id: string }>('POST', '/v1/endpoints', {
        body: { url: receiver.url, eventTypes: ['never.*'] },
      });
      await callAll(block, (text) => text.replace('ep_…', body.id));
    },
  },
  ...Object.keys(printed).map((name): Handling => ({
    file: `docs/guides/messaging/${name}.md`,
    begins: `node docs/guides/messaging/examples/${name}.mjs`,
    run: printsWhatIsSaid,
  })),
];

const blocks = docFiles().flatMap(blocksOf);
const handlingsOf = ({ file, text }: DocBlock) =>
  handlings.filter((one) => one.file === file && text.startsWith(one.begins));

test('every block of README and the docs is run here or in a test that it names, and is there', () => {
  const unhandled = blocks
    .filter((block) => handlingsOf(block).length !== 1)
    .map(({ file, line }) => `${file}:${line}`);
  expect(unhandled).toEqual([]);
  const unused = handlings.filter(
    (one) => !blocks.some((block) => handlingsOf(block).includes(one)),
  );
  expect(unused).toEqual([]);
});

test.each(handlings.flatMap((one) => ('testedBy' in one ? [one] : [])))(
  'the test of $file, "$begins", names it: $testedBy',
  ({ testedBy, naming }) => {
    expect(existsSync(join(projectFolder, testedBy))).toBe(true);
    expect(readFileSync(join(projectFolder, testedBy), 'utf8')).toContain(naming);
  },
);

test('every script and every file that a page names in its text is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const missing = docFiles().flatMap((file) => {
    const words = [...readFileSync(join(projectFolder, file), 'utf8').matchAll(/`([^`\n]+)`/g)].map(
      ([, word = '']) => word,
    );
    return words
      .filter((word) => {
        const script = /^npm run (?:-s )?([\w:-]+)/.exec(word)?.[1];
        if (script !== undefined) return scripts[script] === undefined;
        const isFile =
          /^(?:\.ci|\.github|activities|api|bench|config|db|docs|domain|cli|delivery|dev|lint|orchestration|outbound|providers|server|services|simulators|telemetry|test|worker|workflows)\/[\w./-]*$/;
        return isFile.test(word) && !existsSync(join(projectFolder, word));
      })
      .map((word) => `${file}: ${word}`);
  });
  expect(missing).toEqual([]);
});

describe('runs as it is shown', () => {
  const runs = blocks.flatMap((block) => {
    const [handling] = handlingsOf(block);
    return handling && 'run' in handling ? [{ ...block, run: handling.run }] : [];
  });
  test.each(runs)('$file:$line', async ({ run, ...block }) => {
    expect(block.text).not.toBe('');
    await run(block);
  });
});
