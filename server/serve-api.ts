import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { createApp } from '../api/app.ts';
import type { ApiDeps } from '../api/deps.ts';
import { createWorkerThreads } from '../api/worker-threads/worker-threads.ts';
import type { Config } from '../config/config.ts';
import { refuseUnreadable } from './refuse-unreadable.ts';

const lookForIdleMs = 50;
// Longer than the usual proxy's: whoever closes an idle connection first risks a request on it.
const keepAliveMs = 75_000;
// A request has to be there, body and all, within this: also one that comes byte by byte.
const [headersMs, requestMs, lookEveryMs] = [10_000, 30_000, 2_000];
const mostConnections = 20_000;

export type Served = {
  port: number;
  /** Takes no more connections, finishes the requests that are under way, and cuts off what is left after `withinMs`. */
  close(limit: { withinMs: number }): Promise<void>;
};

/** Serves the API. Throws, naming PORT, when its port is taken. */
export async function serveApi(
  deps: Omit<ApiDeps, 'threads'>,
  { host, port }: Config['http'],
): Promise<Served> {
  const threads = createWorkerThreads({
    onError: (error) => deps.logger.error({ err: error }, 'a worker thread broke'),
  });
  const { fetch } = createApp({ ...deps, threads });
  return new Promise((resolve, reject) => {
    const serverOptions = {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: lookEveryMs,
    };
    // Guarantee: HTTP/1.1, as no other server was asked for.
    const server = serve({ fetch, hostname: host, port, serverOptions }, (info) => {
      resolve({ port: info.port, close });
    }) as Server;
    server.maxConnections = mostConnections;
    server.on('clientError', refuseUnreadable);
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`PORT: ${port} is in use`) : error),
    );
    server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
      // Whoever keeps its connection would come back to a process that is about to go.
      if (deps.stopping.aborted) response.shouldKeepAlive = false;
    });
    // A balancer's that has said nothing yet, or a scanner's: it has no request to finish.
    const silent = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      silent.add(socket);
      socket.once('data', () => silent.delete(socket));
      socket.once('close', () => silent.delete(socket));
    });
    const close = async ({ withinMs }: { withinMs: number }) => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of silent) socket.destroy();
      // A connection whose request was begun before the stop is kept by its client, and idle.
      const idle = setInterval(() => server.closeIdleConnections(), lookForIdleMs);
      const cut = setTimeout(() => server.closeAllConnections(), withinMs);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
      await threads.close();
    };
  });
}
