import { reservePorts } from '../services/ports.ts';
import { startOnPorts } from '../services/start-on-ports.ts';
import type { WantedPort } from '../services/start-on-ports.ts';
import { readState, writeState } from '../../config/local-state.ts';
import type { Steps } from './steps.ts';

const file = 'ports.json';

type PortRequest = Omit<WantedPort, 'last'> & {
  /** The service's name in messages. */
  what: string;
};

export type StoredPorts = {
  /** Starts a service, if possible on the ports of the last start, and keeps its ports for the next. */
  start<Name extends string, Started>(input: {
    wanted: Readonly<Record<Name, PortRequest>>;
    start: (ports: Readonly<Record<Name, number>>) => Promise<Started>;
  }): Promise<{ ports: Readonly<Record<Name, number>>; started: Started }>;
};

/** The ports of `npm start`, by name. They stay the same over restarts, so that printed QR codes and links go on working. */
export function openStoredPorts({ steps }: { steps: Steps }): StoredPorts {
  const last = readState<Record<string, number>>(file) ?? {};
  reservePorts(Object.values(last));

  return {
    async start({ wanted, start }) {
      const requests = Object.entries<PortRequest>(wanted);
      const result = await startOnPorts({
        wanted: withLastPorts(wanted, last),
        start,
      });
      for (const [name, { what, requested, preferred }] of requests) {
        const port = result.ports[name as keyof typeof wanted];
        const first = requested ?? last[name] ?? preferred;
        if (port !== first) steps.log(`  ! port ${first} is busy: ${what} takes ${port}`);
        last[name] = port;
      }
      writeState(file, last);
      return result;
    },
  };
}

function withLastPorts<Name extends string>(
  wanted: Readonly<Record<Name, PortRequest>>,
  last: Readonly<Record<string, number>>,
): Record<Name, WantedPort> {
  const all = {} as Record<Name, WantedPort>;
  for (const name of Object.keys(wanted) as Name[])
    all[name] = { ...wanted[name], last: last[name] };
  return all;
}
