import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { findProgram } from '../support/find-program.ts';
import { payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

/** What generators make of openapi.json opens an order, reads it until it is paid, refunds it in part, and lists. */
const clientsFolder = fileURLToPath(new URL('../clients', import.meta.url));
const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const longestMs = 240_000;

// Where it is not there a run in CI fails, and any other says that it skips.
const programOf = (names: readonly string[]) =>
  findProgram(names) ?? (process.env['CI'] === undefined ? undefined : names[0]);
const go = programOf(['go', '/usr/local/go/bin/go']);
const python = programOf(['python3']);

let world: World;
let merchant: TestMerchant;
let folder: string;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterAll(() => world.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-client-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test(
  'openapi-typescript and openapi-fetch',
  async () => {
    await unpack('typescript');
    const modules = join(folder, 'node_modules', '.bin');
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund']);
    await run(join(modules, 'openapi-typescript'), [
      ...['openapi.json', '-o', 'api.d.ts', '--default-non-nullable=false'],
    ]);
    const types = join(projectFolder, 'node_modules', '@types');
    await run(join(modules, 'tsc'), ['--typeRoots', types]);
    const tsx = join(projectFolder, 'node_modules', 'tsx', 'dist', 'loader.mjs');
    expect(
      await carryOrder('typescript', process.execPath, ['--import', tsx, 'client.ts']),
    ).toEqual(stepsOf('typescript'));
  },
  longestMs,
);

test.skipIf(!go)(
  'oapi-codegen',
  async () => {
    await unpack('go');
    await mkdir(join(folder, 'tender'));
    await run(go!, ['tool', 'oapi-codegen', '-config', 'oapi-codegen.yaml', 'openapi.json']);
    await run(go!, ['build', '-mod=readonly', '-o', 'client', '.']);
    expect(await carryOrder('go', join(folder, 'client'), [])).toEqual(stepsOf('go'));
  },
  longestMs,
);

test.skipIf(!python)(
  'openapi-python-client',
  async () => {
    await unpack('python');
    const bin = join(folder, 'environment', 'bin');
    await run(python!, ['-m', 'venv', 'environment']);
    await run(join(bin, 'pip'), ['install', '--quiet', '-r', 'requirements.txt']);
    const said = await run(join(bin, 'openapi-python-client'), [
      ...['generate', '--path', 'openapi.json', '--meta', 'none', '--output-path', 'tender'],
    ]);
    // It leaves out what it does not understand, and says so.
    expect(said).not.toMatch(/will not be generated|Unable to process/);
    expect(await carryOrder('python', join(bin, 'python'), ['client.py'])).toEqual(
      stepsOf('python'),
    );
  },
  longestMs,
);

/** The program, and the document that this instance publishes, in the test's own folder. */
async function unpack(language: string): Promise<void> {
  await cp(join(clientsFolder, language), folder, { recursive: true });
  const answer = await fetch(`${world.url}/openapi.json`);
  await writeFile(join(folder, 'openapi.json'), await answer.text());
}

const numberOf = (language: string) => `GENERATED-${language}`;

/** What a client says on the way of its order. */
const stepsOf = (language: string) => [
  { step: 'opened', orderId: expect.stringMatching(/^ord_/) },
  { step: 'paid', status: 'paid' },
  {
    step: 'done',
    refundStatus: expect.stringMatching(/^(pending|succeeded)$/),
    refundMinor: 250,
    listed: numberOf(language),
  },
];

/** Runs a client, pays the order that it opens, and gives what it said. */
async function carryOrder(language: string, program: string, args: string[]): Promise<unknown[]> {
  const env = { TENDER_URL: world.url, TENDER_KEY: merchant.key, ORDER_NO: numberOf(language) };
  const said: Record<string, unknown>[] = [];
  await run(program, args, {
    env,
    onLine: (line) => {
      const step = JSON.parse(line) as { step: string; orderId?: string };
      said.push(step);
      if (step.step === 'opened') void pay(step.orderId!);
    },
  });
  return said;
}

async function pay(orderId: string): Promise<void> {
  const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${orderId}`);
  await payAtProvider(world, merchant, body);
}

/** Runs a program to its end in the test's folder; throws with what it said where it fails. */
function run(
  program: string,
  args: string[],
  { env = {}, onLine }: { env?: Record<string, string>; onLine?: (line: string) => void } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env } });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${program} ${args.join(' ')}:\n${said}`)),
    );
  });
}
