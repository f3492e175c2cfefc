import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, Hono } from 'hono';

export type SimulatorEnv = { Bindings: HttpBindings };

export type SimulatorOptions = {
  /** 0 selects a free port. */
  port: number;
  host?: string;
  /** The folder of the book and the platform's keys; without it they are lost with the process. */
  dataDir?: string;
  /** The URL that the payer's phone can reach; the simulator's own by default. */
  publicUrl?: string;
  /** The delays between a notification's attempts; the provider's own schedule by default. */
  retryGapsMs?: readonly number[];
  /** Multiplies those delays. */
  notifyDelayScale?: number;
  /** Makes statements of the current day available. */
  hasSameDayStatements?: boolean;
};

export type Simulator = { url: string; port: number; stop(): Promise<void> };

/** Starts the server. `stop` closes every connection and then runs `onStop`. */
export async function serve(
  app: Hono<SimulatorEnv>,
  { port, host = '127.0.0.1' }: Pick<SimulatorOptions, 'port' | 'host'>,
  { onStop }: { onStop: () => Promise<void> },
): Promise<Simulator> {
  const listener = getRequestListener(app.fetch);
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void listener(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const boundPort = portOf(server);
  return {
    url: `http://${host}:${boundPort}`,
    port: boundPort,
    async stop() {
      const isClosed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await isClosed;
      await onStop();
    },
  };
}

/** Closes the connection without a response. */
export function hangUp(c: Context<SimulatorEnv>): Response {
  c.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

function portOf(server: Server): number {
  const address = server.address();
  if (!address || typeof address === 'string')
    throw new Error('the simulator does not listen on a TCP port');
  return address.port;
}
