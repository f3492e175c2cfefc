import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Summary } from '../hostile/run.ts';

// The small sister of `npm run hostile -- --minutes 2`: the same program, half a minute.

test('a healthy merchant loses nothing beside a hostile world, and no process ends', async () => {
  // Other tests have the cores too: what is later than on a machine of one's own is still late.
  const { summary, course } = await runHostile([
    '--minutes',
    '0.4',
    '--seed',
    '7',
    '--late-ms',
    '20000',
  ]);
  // With the course of events, so that a broken run tells its story; its seed repeats it.
  const { ok, problems } = summary;
  expect({ ok, problems, course: ok ? '' : course }).toEqual({
    ok: true,
    problems: [],
    course: '',
  });
  expect(course).toMatch(/^seed 7\n/);
  expect(summary.healthy.published).toBeGreaterThan(50);
  expect(summary.hostile.called.requests).toBeGreaterThan(50);
  expect(summary.processes.map(({ name, ended }) => [name, ended])).toEqual([['api-worker', null]]);
}, 420_000);

async function runHostile(args: readonly string[]) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/hostile/run.ts', ...args, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let summary = '';
  let course = '';
  child.stdout.on('data', (chunk: Buffer) => (summary += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (course += String(chunk)));
  await once(child, 'close');
  if (summary === '') throw new Error(`the run ended without a summary:\n${course}`);
  return { summary: JSON.parse(summary) as Summary, course };
}
