import { reservePorts } from '../services/ports.ts';
import { startOnPorts } from '../services/start-on-ports.ts';
import type { WantedPort } from '../services/start-on-ports.ts';
import { readState, writeState } from '../../config/local-state.ts';
import type { Steps } from './steps.ts';

const file = 'ports.json';

type PortRequest = Omit<WantedPort, 'kept'> & {
  /** The service's name in messages. */
  what: string;
};

export type KeptPorts = {
  /** Starts a service, if possible on the ports of the last start, and keeps its ports for the next. */
  start<Name extends string, Started>(input: {
    wanted: Readonly<Record<Name, PortRequest>>;
    start: (ports: Readonly<Record<Name, number>>) => Promise<Started>;
  }): Promise<{ ports: Readonly<Record<Name, number>>; started: Started }>;
};

/** The ports of `npm start`, by name. They stay the same over restarts, so that printed QR codes and links go on working. */
export function openKeptPorts({ steps }: { steps: Steps }): KeptPorts {
  const kept = readState<Record<string, number>>(file) ?? {};
  reservePorts(Object.values(kept));

  return {
    async start({ wanted, start }) {
      const requests = Object.entries<PortRequest>(wanted);
      const result = await startOnPorts({
        wanted: withKept(wanted, kept),
        start,
      });
      for (const [name, { what, asked, preferred }] of requests) {
        const port = result.ports[name as keyof typeof wanted];
        const first = asked ?? kept[name] ?? preferred;
        if (port !== first) steps.log(`  ! port ${first} is busy: ${what} takes ${port}`);
        kept[name] = port;
      }
      writeState(file, kept);
      return result;
    },
  };
}

function withKept<Name extends string>(
  wanted: Readonly<Record<Name, PortRequest>>,
  kept: Readonly<Record<string, number>>,
): Record<Name, WantedPort> {
  const all = {} as Record<Name, WantedPort>;
  for (const name of Object.keys(wanted) as Name[])
    all[name] = { ...wanted[name], kept: kept[name] };
  return all;
}
