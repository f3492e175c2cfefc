import { isFreeSoon, pickPort, PortTakenError } from './ports.ts';

/** Another program may take a port between our check and the service's bind, but hardly this often in a row. */
const maxTries = 5;

export type WantedPort = {
  /** The port that the user set. */
  requested?: number | undefined;
  /** The port of the last start. */
  last?: number | undefined;
  /** The port of a first start. */
  preferred: number;
};

/**
 * Starts a service on its ports, each the first free one of: requested, last, preferred, any. Only the service's own
 * bind decides: if it throws `PortTakenError`, ports are chosen again.
 */
export async function startOnPorts<Name extends string, Started>(input: {
  wanted: Readonly<Record<Name, WantedPort>>;
  start: (ports: Readonly<Record<Name, number>>) => Promise<Started>;
}): Promise<{ ports: Readonly<Record<Name, number>>; started: Started }> {
  for (let tries = 1; ; tries++) {
    const entries = Object.entries<WantedPort>(input.wanted).map(
      async ([name, wanted]) => [name, await choose(wanted)] as const,
    );
    const ports = Object.fromEntries(await Promise.all(entries)) as Record<Name, number>;
    try {
      return { ports, started: await input.start(ports) };
    } catch (error) {
      if (!(error instanceof PortTakenError) || tries === maxTries) throw error;
    }
  }
}

async function choose({ requested, last, preferred }: WantedPort): Promise<number> {
  for (const port of [requested, last]) {
    // The port may still belong to our own service of the last start, if that was just killed.
    if (port !== undefined && (await isFreeSoon(port))) return port;
  }
  return (await pickPort(preferred)).port;
}
