import { isFreeSoon, pickPort, PortTakenError } from './ports.ts';

/** Another program may take a port between our look and the service's bind; hardly so often in a row. */
const mostTries = 5;

export type WantedPort = {
  /** Where the user wants it. */
  asked?: number | undefined;
  /** Where it listened at the last start. */
  kept?: number | undefined;
  /** Where it listens at a first start. */
  preferred: number;
};

/**
 * Starts a service on the ports that were asked for, or that it had, or prefers, or on any that are free. Only the
 * service's own bind decides: where it throws `PortTakenError`, ports are chosen again.
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
      if (!(error instanceof PortTakenError) || tries === mostTries) throw error;
    }
  }
}

async function choose({ asked, kept, preferred }: WantedPort): Promise<number> {
  for (const port of [asked, kept]) {
    // Waited for a moment: our own process of before may just have been killed.
    if (port !== undefined && (await isFreeSoon(port))) return port;
  }
  return (await pickPort(preferred)).port;
}
