import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Exit, type Leashed, startLeashed } from '../../dev/services/leashed.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';

const leashedPath = new URL('../../dev/services/leashed.ts', import.meta.url).href;
const isGone = (pid: number) => () => expect(inspectProcess(pid)).toBeUndefined();

let dir: string;
let logFile: string;
const started: Leashed[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-leash-'));
  logFile = join(dir, 'command.log');
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((leashed) => leashed.stop()));
  rmSync(dir, { recursive: true });
});

async function startShell(
  script: string,
  input: { graceMs?: number; onExit?: (exit: Exit) => void } = {},
) {
  const leashed = await startLeashed({
    command: '/bin/sh',
    args: ['-c', script],
    logFile,
    stopSignal: 'SIGTERM',
    ...input,
  });
  started.push(leashed);
  return leashed;
}

/** Ready when it says so: only then is a trap in place. */
const untilLogged = (leashed: Leashed, line: string) =>
  vi.waitFor(() => {
    expect(leashed.exitSoFar()).toBeUndefined();
    expect(readFileSync(logFile, 'utf8')).toContain(line);
  });

test('a kill -9 of the parent ends the command', async () => {
  const script = `
    import { startLeashed } from ${JSON.stringify(leashedPath)};
    const { pid } = await startLeashed({
      command: 'sleep', args: ['600'], logFile: ${JSON.stringify(logFile)}, stopSignal: 'SIGTERM',
    });
    console.log(pid);
  `;
  const parent = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (line: Buffer) => resolve(Number(line))),
  );
  expect(inspectProcess(pid)?.commandLine).toBe('sleep 600');
  parent.kill('SIGKILL');
  await vi.waitFor(isGone(pid), { timeout: 10_000 });
});

test('a command that does not listen is killed with all that it started', async () => {
  const leashed = await startShell(
    `trap '' TERM; sh -c "trap '' TERM; echo inner \\$\\$; while :; do sleep 0.1; done" & echo up; while :; do sleep 0.1; done`,
    { graceMs: 200 },
  );
  await untilLogged(leashed, 'inner');
  const { logTail } = await leashed.stop().then(() => leashed.exited);
  expect(inspectProcess(leashed.pid)).toBeUndefined();
  await vi.waitFor(isGone(Number(/inner (\d+)/.exec(logTail)?.[1])));
});

test("a terminal's Ctrl-C does not reach the command", async () => {
  const leashed = await startShell(
    `trap 'echo interrupted; exit 1' INT; trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done`,
  );
  await untilLogged(leashed, 'up');
  const leashPid = inspectProcess(leashed.pid)?.parentPid ?? 0;
  process.kill(-leashPid, 'SIGINT');
  await leashed.stop();
  expect(await leashed.exited).toEqual({ code: 7, logTail: 'up' });
});

test('an end that nobody asked for is reported with its code and its last words', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const leashed = await startShell('echo no such table; exit 3', { onExit });
  expect(await leashed.exited).toEqual({ code: 3, logTail: 'no such table' });
  expect(onExit).toHaveBeenCalledWith({ code: 3, logTail: 'no such table' });
});

test('an end that was asked for is not reported', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const leashed = await startShell('exec sleep 600', { onExit });
  await leashed.stop();
  expect(inspectProcess(leashed.pid)).toBeUndefined();
  expect(onExit).not.toHaveBeenCalled();
});

test('a command that does not exist is an error that names it', async () => {
  const command = join(dir, 'missing');
  await expect(startLeashed({ command, args: [], logFile, stopSignal: 'SIGTERM' })).rejects.toThrow(
    `${command} could not be started: spawn ${command} ENOENT`,
  );
});
