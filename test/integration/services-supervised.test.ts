import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type Exit,
  type SupervisedProcess,
  startSupervised,
} from '../../dev/services/supervised.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';

const supervisedPath = new URL('../../dev/services/supervised.ts', import.meta.url).href;
const isGone = (pid: number) => () => expect(inspectProcess(pid)).toBeUndefined();

let dir: string;
let logFile: string;
const started: SupervisedProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-supervised-'));
  logFile = join(dir, 'command.log');
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((supervised) => supervised.stop()));
  rmSync(dir, { recursive: true });
});

async function startShell(
  script: string,
  input: { graceMs?: number; onExit?: (exit: Exit) => void } = {},
) {
  const supervised = await startSupervised({
    command: '/bin/sh',
    args: ['-c', script],
    logFile,
    stopSignal: 'SIGTERM',
    ...input,
  });
  started.push(supervised);
  return supervised;
}

/** Ready when it says so: only then is a trap in place. */
const untilLogged = (supervised: SupervisedProcess, line: string) =>
  vi.waitFor(() => {
    expect(supervised.exitSoFar()).toBeUndefined();
    expect(readFileSync(logFile, 'utf8')).toContain(line);
  });

test('a kill -9 of the parent ends the command', async () => {
  const script = `
    import { startSupervised } from ${JSON.stringify(supervisedPath)};
    const { pid } = await startSupervised({
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
  const supervised = await startShell(
    `trap '' TERM; sh -c "trap '' TERM; echo inner \\$\\$; while :; do sleep 0.1; done" & echo up; while :; do sleep 0.1; done`,
    { graceMs: 200 },
  );
  await untilLogged(supervised, 'inner');
  const { logTail } = await supervised.stop().then(() => supervised.exited);
  expect(inspectProcess(supervised.pid)).toBeUndefined();
  await vi.waitFor(isGone(Number(/inner (\d+)/.exec(logTail)?.[1])));
});

test("a terminal's Ctrl-C does not reach the command", async () => {
  const supervised = await startShell(
    `trap 'echo interrupted; exit 1' INT; trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done`,
  );
  await untilLogged(supervised, 'up');
  const supervisorPid = inspectProcess(supervised.pid)?.parentPid ?? 0;
  process.kill(-supervisorPid, 'SIGINT');
  await supervised.stop();
  expect(await supervised.exited).toEqual({ code: 7, logTail: 'up' });
});

test('an end that nobody asked for is reported with its code and its last words', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const supervised = await startShell('echo no such table; exit 3', { onExit });
  expect(await supervised.exited).toEqual({ code: 3, logTail: 'no such table' });
  expect(onExit).toHaveBeenCalledWith({ code: 3, logTail: 'no such table' });
});

test('an end that was asked for is not reported', async () => {
  const onExit = vi.fn<(exit: Exit) => void>();
  const supervised = await startShell('exec sleep 600', { onExit });
  await supervised.stop();
  expect(inspectProcess(supervised.pid)).toBeUndefined();
  expect(onExit).not.toHaveBeenCalled();
});

test('a command that does not exist is an error that names it', async () => {
  const command = join(dir, 'missing');
  await expect(
    startSupervised({ command, args: [], logFile, stopSignal: 'SIGTERM' }),
  ).rejects.toThrow(`${command} could not be started: spawn ${command} ENOENT`);
});
