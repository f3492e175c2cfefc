import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Summary = {
  ok: boolean;
  seed: number;
  verdicts: Record<string, string>;
  figures: Record<string, number>;
  kills: { name: string }[];
  broken: string[];
};

/** A run of `run.ts` as a process of its own: its summary, and what it told on the way. */
export async function runLives(options: Record<string, string | number>) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/chaos/run.ts', ...args, '--json'],
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
