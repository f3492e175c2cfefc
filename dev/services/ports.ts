import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

// Below the range from which operating systems take ports for outgoing connections (32768 and up on
// Linux, 49152 elsewhere): otherwise a busy test run could take the port between our look and its use.
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 200;
/** A killed process is gone from the process table a moment before its ports are. */
const LET_GO_MS = 2_000;

/** Ports this process has given out and whose services may not listen yet. */
const givenOut = new Set<number>();

/** A service could not listen where it was to: somebody else has its port. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/** Whether a service that ended says in its log that somebody else has its port. */
export function isPortTaken(logTail: string): boolean {
  return /EADDRINUSE|address already in use|PORT: \d+ is in use/i.test(logTail);
}

/** The preferred port if nothing listens there, otherwise a free one. Zero means "any". */
export async function pickPort(preferred: number): Promise<{ port: number; replaced: boolean }> {
  if (preferred > 0 && (await isFree(preferred))) return { port: preferred, replaced: false };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (givenOut.has(port) || !(await isFree(port))) continue;
    givenOut.add(port);
    return { port, replaced: preferred > 0 };
  }
  throw new Error(`No free port found between ${LOWEST_PORT} and ${HIGHEST_PORT}.`);
}

/** Keeps ports from being given out as free ones: whoever had them last may come for them. */
export function reservePorts(ports: readonly number[]): void {
  for (const port of ports) givenOut.add(port);
}

/**
 * Refuses a port that something else serves: one that answers in our place would pass for ours.
 * Call it as late as can be.
 */
export async function assertPortFree(port: number): Promise<void> {
  if (!(await isFreeSoon(port)))
    throw new PortTakenError(`Port ${port} is in use by another program.`);
}

/** Whether a port is free, or is let go of within a moment. */
export async function isFreeSoon(port: number): Promise<boolean> {
  const deadlineMs = Date.now() + LET_GO_MS;
  while (!(await isFree(port))) {
    if (Date.now() >= deadlineMs) return false;
    await sleep(25);
  }
  return true;
}

/** Both addresses: a service on one of them does not keep another from binding the other. */
async function isFree(port: number): Promise<boolean> {
  return (await canBind(port, '127.0.0.1')) && (await canBind(port, '0.0.0.0'));
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
