import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLogFile } from './log-file.ts';
import type { Exit } from './supervised.ts';
import { isPortTaken, PortTakenError } from './ports.ts';

const projectDir = fileURLToPath(new URL('../../', import.meta.url));
const POLL_MS = 20;
/** Longer than the platform's stop deadline (`TENDER_STOP_SECONDS`). */
const STOP_TIMEOUT_MS = 35_000;

export type NodeProcessInput = {
  /** Path of a TypeScript or JavaScript file; relative ones count from the project's folder. */
  entry: string;
  logFile: string;
  args?: readonly string[];
  /** Options for Node itself, before the entry. */
  nodeArgs?: readonly string[];
  /** Added to this process's own environment; undefined removes a variable. */
  env?: NodeJS.ProcessEnv;
  /** Matches the log line of a ready process. Without it: a line that is a JSON object with `"ready": true`. */
  readyPattern?: RegExp;
  readyTimeoutMs?: number;
  /** How long a stop may take before SIGKILL. */
  stopTimeoutMs?: number;
  /** Called when the process ends without a stop. */
  onExit?: (exit: Exit) => void;
};

export type NodeProcess = {
  pid: number;
  /** The ready line's content: the JSON object's fields, or the pattern's named groups. */
  ready: Record<string, unknown>;
  exited: Promise<Exit>;
  /** Sends SIGTERM, after `stopTimeoutMs` SIGKILL, and returns when the process has ended. */
  stop(): Promise<void>;
};

/**
 * Starts one of our entries and resolves when it logs that it is ready. Throws `PortTakenError` if its port is in use.
 */
export async function startNodeProcess(input: NodeProcessInput): Promise<NodeProcess> {
  const { entry, logFile, args = [], nodeArgs = [], readyTimeoutMs = 60_000 } = input;
  const log = openLogFile(logFile);
  const reader = await followFile(logFile);
  // A separate process group: Ctrl-C in the terminal stops only the launcher, which stops the services in order.
  // The IPC channel closes when the launcher is gone: entries exit on 'disconnect'.
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), ...nodeArgs, entry, ...args],
    {
      cwd: projectDir,
      env: { ...process.env, ...input.env },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      detached: true,
      windowsHide: true,
    },
  );
  let isStopping = false;
  const exited = new Promise<Exit>((resolve) => {
    const settle = (code: number, message?: string) => {
      resolve({ code, logTail: message ?? log.readTail() });
      log.close();
    };
    child.once('error', (error) => settle(127, error.message));
    child.once('exit', (code) => settle(code ?? 137));
  });
  const stop = async () => {
    isStopping = true;
    child.kill('SIGTERM');
    const killTimer = setTimeout(
      () => child.kill('SIGKILL'),
      input.stopTimeoutMs ?? STOP_TIMEOUT_MS,
    );
    await exited;
    clearTimeout(killTimer);
  };

  const readReady = (line: string) =>
    input.readyPattern ? matchLine(line, input.readyPattern) : parseReadyLine(line);
  try {
    const deadlineMs = Date.now() + readyTimeoutMs;
    for (;;) {
      for (const line of await reader.readLines()) {
        const ready = readReady(line);
        if (!ready || child.pid === undefined) continue;
        void exited.then((exit) => (isStopping ? undefined : input.onExit?.(exit)));
        return { pid: child.pid, ready, exited, stop };
      }
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        const { code, logTail } = await exited;
        const message = `${entry} ended with ${code}: ${logTail}`;
        throw isPortTaken(logTail) ? new PortTakenError(message) : new Error(message);
      }
      if (Date.now() >= deadlineMs) {
        await stop();
        throw new Error(
          `${entry} was not ready within ${readyTimeoutMs} ms: ${(await exited).logTail}`,
        );
      }
      await sleep(POLL_MS);
    }
  } finally {
    await reader.close();
  }
}

function matchLine(line: string, pattern: RegExp): Record<string, unknown> | undefined {
  const match = pattern.exec(line);
  return match ? { ...match.groups } : undefined;
}

function parseReadyLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed: Record<string, unknown> = JSON.parse(line);
    return parsed.ready === true ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a growing file from its present end, by whole lines. */
async function followFile(path: string) {
  const handle = await open(path, 'r');
  let offsetBytes = (await handle.stat()).size;
  let unfinished = '';
  return {
    readLines: async () => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, offsetBytes);
      offsetBytes += bytesRead;
      const lines = (unfinished + buffer.toString('utf8', 0, bytesRead)).split('\n');
      unfinished = lines.pop() ?? '';
      return lines;
    },
    close: () => handle.close(),
  };
}
