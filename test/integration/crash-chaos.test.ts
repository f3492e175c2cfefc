import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';

// The small sister of `test/chaos/run.ts --orders 200`: the same script, a minute instead of five.

test('orders survive the kill -9 of worker, API and Temporal: the books agree, every event arrives', async () => {
  const seed = randomInt(1, 1_000_000);
  const args = ['--orders', '20', '--kills', '1', '--spread', '20', '--quiet', '60'];
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/chaos/run.ts', ...args, '--seed', String(seed), '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let summary = '';
  let course = '';
  child.stdout.on('data', (chunk: Buffer) => (summary += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (course += String(chunk)));
  await once(child, 'close');
  const { ok, broken, figures, kills } = parseSummary(summary, course);
  // With the course of events, so that a broken run tells its story; its seed repeats it.
  expect({ ok, broken, course: ok ? '' : course }).toEqual({ ok: true, broken: [], course: '' });
  expect(course).toMatch(new RegExp(`^seed ${seed}\n`));
  expect(figures['orders']).toBe(20);
  expect(kills.map(({ name }) => name).toSorted()).toEqual(['api', 'temporal', 'worker']);
}, 180_000);

type Summary = {
  ok: boolean;
  broken: string[];
  figures: Record<string, number>;
  kills: { name: string }[];
};

function parseSummary(summary: string, course: string): Summary {
  if (summary === '') throw new Error(`the run ended without a summary:\n${course}`);
  return JSON.parse(summary);
}
