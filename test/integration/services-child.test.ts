import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startNodeProcess } from '../../dev/services/child.ts';
import type { Exit } from '../../dev/services/supervised.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';

let dir: string;
let logFile: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-child-'));
  logFile = join(dir, 'child.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

function writeEntry(source: string): string {
  const entry = join(dir, 'entry.mts');
  writeFileSync(entry, source);
  return entry;
}

const serving = `
  const port: number = Number(process.env.PORT);
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  console.log('starting');
  console.log(JSON.stringify({ ready: true, port, args: process.argv.slice(2) }));
  setInterval(() => {}, 1_000);
`;

test('an entry is there when it says so, and says what is to be known', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const child = await startNodeProcess({
    entry: writeEntry(serving),
    args: ['--quick'],
    env: { PORT: '4000' },
    logFile,
    onExit,
  });
  expect(child.ready).toEqual({ ready: true, port: 4000, args: ['--quick'] });
  await child.stop();
  expect(await child.exited).toMatchObject({ code: 0 });
  expect(inspectProcess(child.pid)).toBeUndefined();
  expect(onExit).not.toHaveBeenCalled();
});

test("a ready line of the entry's own form is found by its pattern", async () => {
  const child = await startNodeProcess({
    entry: writeEntry(`${serving} console.log('listening on 4711');`),
    readyPattern: /listening on (?<port>\d+)/,
    logFile,
  });
  expect(child.ready).toEqual({ port: '4711' });
  await child.stop();
});

test('an entry that fails before it is ready is an error with its last words', async () => {
  const entry = writeEntry(`console.error('DATABASE_URL is missing'); process.exit(2);`);
  await expect(startNodeProcess({ entry, logFile })).rejects.toThrow(
    `${entry} ended with 2: DATABASE_URL is missing`,
  );
});

test('an entry that is never ready is stopped when its time is over', async () => {
  const entry = writeEntry(`console.log(process.pid); setInterval(() => {}, 1_000);`);
  const started = startNodeProcess({ entry, logFile, readyTimeoutMs: 1_000 });
  const message = await started.then(() => 'ready', String);
  expect(message).toContain('was not ready within 1000 ms');
  expect(inspectProcess(Number(/: (\d+)/.exec(message)?.[1]))).toBeUndefined();
});

test('an end that nobody asked for is reported', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const child = await startNodeProcess({ entry: writeEntry(serving), logFile, onExit });
  process.kill(child.pid, 'SIGKILL');
  expect(await child.exited).toMatchObject({ code: 137 });
  expect(onExit).toHaveBeenCalledOnce();
});

test('an entry that does not listen is killed', async () => {
  const child = await startNodeProcess({
    entry: writeEntry(`process.on('SIGTERM', () => {}); ${serving.replace(/.*SIGTERM.*/, '')}`),
    stopTimeoutMs: 100,
    logFile,
  });
  await child.stop();
  expect(await child.exited).toMatchObject({ code: 137 });
});
