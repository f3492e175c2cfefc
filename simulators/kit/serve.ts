import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, Hono } from 'hono';

export type SimulatorEnv = { Bindings: HttpBindings };

export type SimulatorOptions = {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where the book and the platform's keys are kept; without it they end with the process. */
  dataDir?: string;
  /** What the payer's telephone can reach; the simulator's own address unless given. */
  publicUrl?: string;
  /** The waits between the deliveries of a notification; the provider's own ladder unless given. */
  retryGapsMs?: readonly number[];
  /** Multiplies those waits. */
  notifyDelayScale?: number;
  /** Lifts the rule that a day's statement is made on the next. */
  hasSameDayStatements?: boolean;
};

export type Simulator = { url: string; port: number; stop(): Promise<void> };

/** Listens; `stop` ends every connection and then what the simulator hands in. */
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

/** No answer, ever: the connection breaks under the caller. */
export function hangUp(c: Context<SimulatorEnv>): Response {
  c.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

function portOf(server: Server): number {
  const address = server.address();
  if (!address || typeof address === 'string')
    throw new Error('the simulator listens on no TCP port');
  return address.port;
}
