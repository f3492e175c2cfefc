import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LogFile, openLogFile } from './log-file.ts';

const leashPath = fileURLToPath(new URL('leash.mjs', import.meta.url));

export type Exit = { code: number; logTail: string };

export type Leashed = {
  /** The command's own process id, not the leash's. */
  pid: number;
  /** Settles when the command has ended, for whatever reason. Never rejects. */
  exited: Promise<Exit>;
  /** The same without waiting: undefined while it runs. */
  exitSoFar(): Exit | undefined;
  /** Asks politely, insists after the grace time, and returns when it is gone. */
  stop(): Promise<void>;
};

export type LeashedInput = {
  command: string;
  args: readonly string[];
  logFile: string;
  stopSignal: 'SIGINT' | 'SIGTERM';
  env?: NodeJS.ProcessEnv;
  graceMs?: number;
  /** Called when the command ends without having been asked to. */
  onExit?: ((exit: Exit) => void) | undefined;
};

/** Starts a command that cannot outlive this process, not even a kill -9 of it. */
export async function startLeashed(input: LeashedInput): Promise<Leashed> {
  const { command, args, logFile, stopSignal, env = process.env, graceMs = 10_000 } = input;
  const log = openLogFile(logFile);
  const leash = spawn(
    process.execPath,
    [leashPath, JSON.stringify({ stopSignal, graceMs }), command, ...args],
    {
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...env, NODE_OPTIONS: '' },
      detached: true,
      windowsHide: true,
    },
  );
  let isStopping = false;
  const exited = new Promise<Exit>((resolve) => {
    leash.once('error', (error) => resolve(closeLog(log, 127, error.message)));
    leash.once('exit', (code) => resolve(closeLog(log, code ?? 137)));
  });
  const pid = await Promise.race([
    new Promise<number>((resolve) =>
      leash.once('message', (message: { pid: number }) => resolve(message.pid)),
    ),
    exited.then((exit) => {
      throw new Error(`${command} could not be started: ${exit.logTail || `exit ${exit.code}`}`);
    }),
  ]);
  let lastExit: Exit | undefined;
  void exited.then((exit) => {
    lastExit = exit;
    return isStopping ? undefined : input.onExit?.(exit);
  });
  return {
    pid,
    exited,
    exitSoFar: () => lastExit,
    stop: async () => {
      isStopping = true;
      if (leash.connected) leash.disconnect();
      await exited;
    },
  };
}

function closeLog(log: LogFile, code: number, message?: string): Exit {
  const logTail = message ?? log.readTail();
  log.close();
  return { code, logTail };
}
