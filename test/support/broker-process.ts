import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pickPort } from '../../dev/services/ports.ts';
import { startSupervised } from '../../dev/services/supervised.ts';
import type { SupervisedInput } from '../../dev/services/supervised.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';

const lookEveryMs = 50;
const readyTimeoutMs = 90_000;
// Longer than an orderly end takes on a busy machine.
const graceMs = 30_000;

export type BrokerProcess = {
  /** Holds every process of the broker where it stands: its connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Paused or not; returns when it is gone. */
  stop(): Promise<void>;
};

/** Starts a broker that cannot outlive this process, and returns when it answers. */
export async function startBrokerProcess(
  input: SupervisedInput & { answers: () => Promise<boolean> },
): Promise<BrokerProcess> {
  const { answers, ...supervisedInput } = input;
  const supervised = await startSupervised({ graceMs, ...supervisedInput });
  // The supervisor gives the command a process group of its own, so its id reaches all of the tree.
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    if (!supervised.exitSoFar() && inspectProcess(supervised.pid))
      process.kill(-supervised.pid, name);
  };
  const broker: BrokerProcess = {
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: async () => {
      signal('SIGCONT');
      await supervised.stop();
    },
  };
  const endsMs = Date.now() + readyTimeoutMs;
  while (!(await answers())) {
    const exit = supervised.exitSoFar();
    if (!exit && Date.now() < endsMs) {
      await sleep(lookEveryMs);
      continue;
    }
    await broker.stop();
    const { code, logTail } = await supervised.exited;
    const how = exit ? `ended with ${code}` : `did not answer within ${readyTimeoutMs} ms`;
    throw new Error(`${input.command} ${how}: ${logTail}`);
  }
  return broker;
}

/** A broker as a test has it in its hands: `start` brings it back after a stop, `clean` runs after the last. */
export function heldBroker(input: {
  started: BrokerProcess;
  start: () => Promise<BrokerProcess>;
  clean: () => Promise<unknown>;
}): BrokerProcess & { restart(): Promise<void> } {
  let broker = input.started;
  return {
    pause: () => broker.pause(),
    resume: () => broker.resume(),
    restart: async () => {
      await broker.stop();
      broker = await input.start();
    },
    stop: async () => {
      await broker.stop();
      await input.clean();
    },
  };
}

export async function pickThreePorts(): Promise<[number, number, number]> {
  const [first, second, third] = await Promise.all([pickPort(0), pickPort(0), pickPort(0)]);
  return [first.port, second.port, third.port];
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/**
 * Whether tests with this broker are to run. Only a developer's machine may go without: it is told
 * what to install; in the gate (CI is set) they run, and fail where the broker is missing.
 */
export function isBrokerThere({
  broker,
  missing,
}: {
  broker: string;
  /** What to install; empty when all is there. */
  missing: readonly string[];
}): boolean {
  if (missing.length === 0 || process.env['CI'] !== undefined) return true;
  process.stderr.write(
    `The tests with ${broker} are skipped: apt-get install ${missing.join(' ')}\n`,
  );
  return false;
}
