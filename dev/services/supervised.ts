import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LogFile, openLogFile } from './log-file.ts';

const supervisorPath = fileURLToPath(new URL('supervisor.mjs', import.meta.url));

export type Exit = { code: number; logTail: string };

export type SupervisedProcess = {
  /** The command's own process id, not the supervisor's. */
  pid: number;
  /** Settles when the command has ended, for whatever reason. Never rejects. */
  exited: Promise<Exit>;
  /** The same without waiting: undefined while it runs. */
  exitSoFar(): Exit | undefined;
  /** Sends the stop signal, after the grace time SIGKILL, and returns when the command has ended. */
  stop(): Promise<void>;
};

export type SupervisedInput = {
  command: string;
  args: readonly string[];
  logFile: string;
  stopSignal: 'SIGINT' | 'SIGTERM';
  env?: NodeJS.ProcessEnv;
  graceMs?: number;
  /** Called when the command ends without a stop. */
  onExit?: ((exit: Exit) => void) | undefined;
};

/**
 * Starts a command that ends with this process, even after a kill -9 of it.
 *
 * Not execa: its clean-up runs in this process, so a kill -9 prevents it; with a supervisor of our own it would save
 * ten lines here and in `child.ts`, for 22 packages and 0.1 s of every start.
 */
export async function startSupervised(input: SupervisedInput): Promise<SupervisedProcess> {
  const { command, args, logFile, stopSignal, env = process.env, graceMs = 10_000 } = input;
  const log = openLogFile(logFile);
  const supervisor = spawn(
    process.execPath,
    [supervisorPath, JSON.stringify({ stopSignal, graceMs }), command, ...args],
    {
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...env, NODE_OPTIONS: '' },
      detached: true,
      windowsHide: true,
    },
  );
  let isStopping = false;
  const exited = new Promise<Exit>((resolve) => {
    supervisor.once('error', (error) => resolve(closeLog(log, 127, error.message)));
    supervisor.once('exit', (code) => resolve(closeLog(log, code ?? 137)));
  });
  const pid = await Promise.race([
    new Promise<number>((resolve) =>
      supervisor.once('message', (message: { pid: number }) => resolve(message.pid)),
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
      if (supervisor.connected) supervisor.disconnect();
      await exited;
    },
  };
}

function closeLog(log: LogFile, code: number, message?: string): Exit {
  const logTail = message ?? log.readTail();
  log.close();
  return { code, logTail };
}
