import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf, commandsOf, projectFolder } from '../support/doc-blocks.ts';

// The tools that the pages name, as they name them, at the size of a test: what is added here stands behind, and counts.

type Tool = {
  begins: string;
  /** Added to the command. */
  small?: string;
  /** Another file runs it: the gate, or a test of its own, which names it so. */
  runBy?: { file: string; naming: string };
};

const pages: Record<string, string> = {
  'README.md': 'npm start',
  'CONTRIBUTING.md': 'npm ci|npm run conformance',
  'docs/guides/add-a-provider.md': 'npm run conformance',
  'docs/guides/reconciliation.md': 'node --import tsx test/reconciliation/day.ts',
  'docs/operations/benchmarks.md': 'npm run bench',
};

/** A short run is not the one that the page is about. */
const elsewhere = '--save "$TENDER_STATE_DIR/results"';
const oneTest = 'test/unit/doc-blocks.test.ts';
const tools: Tool[] = [
  { begins: 'npm start', small: '-- --once --json' },
  { begins: 'npm test', small: `-- --project unit ${oneTest}` },
  { begins: 'npm ci', runBy: { file: '.ci/run', naming: '\nnpm ci\n' } },
  { begins: 'npm run check', runBy: { file: '.ci/run', naming: '\nnpm run check\n' } },
  { begins: 'npx vitest run --project unit', small: oneTest },
  { begins: 'npx vitest run --project real', small: '--testNamePattern "a test that is none"' },
  { begins: 'npm run format', small: '-- --check' },
  { begins: 'npm run docs' },
  { begins: 'npm run bench -- report' },
  {
    begins: 'npm run bench -- payments',
    small: `--rounds 1 --seconds 1 --in-flight 2 ${elsewhere}`,
  },
  { begins: 'npm run bench -- relay', small: `--rounds 1 --deliveries 500 ${elsewhere}` },
  {
    begins: 'npm run bench -- webhooks --json --max',
    small: '--rounds 1 --seconds 2 --endpoints 2',
  },
  {
    begins: 'npm run bench -- webhooks',
    small: `--rounds 1 --seconds 2 --endpoints 2 --parts matching ${elsewhere}`,
  },
  { begins: 'npm run conformance' },
  {
    begins: 'node --import tsx test/chaos/run.ts --provider all',
    runBy: { file: 'test/chaos/run-for-test.ts', naming: 'test/chaos/run.ts' },
  },
  { begins: 'node --import tsx test/chaos/run.ts', small: '--orders 6' },
  {
    begins: 'node --import tsx test/reconciliation/day.ts',
    small: '--orders 100 --differences 5',
  },
  {
    begins: 'npm run hostile',
    runBy: { file: 'test/integration/hostile.test.ts', naming: 'test/hostile/run.ts' },
  },
];

const commands = [
  ...new Set(
    Object.entries(pages).flatMap(([file, begins]) =>
      blocksOf(file)
        .filter(
          ({ language, text }) => language === 'sh' && new RegExp(`^(?:${begins})`).test(text),
        )
        .flatMap(({ text }) => commandsOf(text)),
    ),
  ),
];
const toolOf = (command: string) => tools.find(({ begins }) => command.startsWith(begins));

let stateFolder: string;
beforeAll(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'tender-tools-'));
});
afterAll(() => rm(stateFolder, { recursive: true, force: true }));

function run(command: string): Promise<{ code: number | null; said: string }> {
  const child = spawn('sh', ['-c', command], {
    cwd: projectFolder,
    env: { ...process.env, TENDER_STATE_DIR: stateFolder },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

test('every tool that a page names is run here, and none besides', () => {
  expect(commands.filter((command) => !toolOf(command))).toEqual([]);
  const used = new Set(commands.map(toolOf));
  expect(tools.filter((tool) => !used.has(tool))).toEqual([]);
});

test.each(tools.flatMap(({ begins, runBy }) => (runBy ? [{ begins, ...runBy }] : [])))(
  '$begins is run by $file',
  ({ file, naming }) => {
    expect(readFileSync(join(projectFolder, file), 'utf8')).toContain(naming);
  },
);

describe('runs as it is shown, smaller', { timeout: 300_000 }, () => {
  // One that another goes on from is run with that one.
  const longest = commands.filter(
    (command) => !commands.some((other) => other !== command && other.startsWith(command)),
  );
  test.each(longest.filter((command) => !toolOf(command)?.runBy))('%s', async (command) => {
    // The provider that is being added is, for a test, one that is there.
    const shown = command.replace('<name>', 'alipay');
    const { code, said } = await run(`${shown} ${toolOf(command)?.small ?? ''}`);
    expect({ code, said }).toEqual({ code: 0, said: expect.any(String) });
  });
});
