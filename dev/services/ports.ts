import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

// Below the range of ports for outgoing connections (32768 and up on Linux, 49152 elsewhere), so that a busy test run
// does not take a port between our check and its use.
//
// Not get-port: it locks a port that it returned for up to 30 s, so a service that is started again on its last port
// would get another, and where no port of its range is free it takes one of the range above.
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 200;
/** The ports of a killed process are freed a moment after its entry in the process table. */
const RELEASE_MS = 2_000;

/** Ports that this process has picked and whose services may not listen yet. */
const picked = new Set<number>();

/** A service could not listen on its port, because another program has it. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/** True if the log of an ended service reports a port in use. */
export function isPortTaken(logTail: string): boolean {
  return /EADDRINUSE|address already in use|PORT: \d+ is in use/i.test(logTail);
}

/** The preferred port if nothing listens there, otherwise a free one. Zero means "any". */
export async function pickPort(preferred: number): Promise<{ port: number; replaced: boolean }> {
  if (preferred > 0 && (await isFree(preferred))) return { port: preferred, replaced: false };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (picked.has(port) || !(await isFree(port))) continue;
    picked.add(port);
    return { port, replaced: preferred > 0 };
  }
  throw new Error(`No free port found between ${LOWEST_PORT} and ${HIGHEST_PORT}.`);
}

/** Excludes ports from picking, because the services of the last start may listen on them again. */
export function reservePorts(ports: readonly number[]): void {
  for (const port of ports) picked.add(port);
}

/**
 * Throws if another program has the port, because its responses would pass for our service's. Call it just before the
 * service starts.
 */
export async function assertPortFree(port: number): Promise<void> {
  if (!(await isFreeSoon(port)))
    throw new PortTakenError(`Port ${port} is in use by another program.`);
}

/** True if a port is free, or becomes free within two seconds. */
export async function isFreeSoon(port: number): Promise<boolean> {
  const deadlineMs = Date.now() + RELEASE_MS;
  while (!(await isFree(port))) {
    if (Date.now() >= deadlineMs) return false;
    await sleep(25);
  }
  return true;
}

/** Checks both addresses, because a service on one of them does not prevent a bind to the other. */
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
