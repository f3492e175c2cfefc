import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { createApp } from '../api/app.ts';
import type { ApiDeps } from '../api/deps.ts';
import { createWorkerThreads } from '../api/worker-threads/worker-threads.ts';
import type { Config } from '../config/config.ts';
import { refuseUnreadable } from './refuse-unreadable.ts';

const closeIdleEveryMs = 50;
// Longer than the usual proxy's, because the side that closes an idle connection first can lose a request on it.
const keepAliveMs = 75_000;
// The whole request, body included, must arrive within `requestMs`, also if it arrives byte by byte.
const [headersMs, requestMs, checkEveryMs] = [10_000, 30_000, 2_000];
const maxConnections = 20_000;

export type Served = {
  port: number;
  /** Accepts no more connections, finishes the open requests, and closes the remaining connections after `withinMs`. */
  close(limit: { withinMs: number }): Promise<void>;
};

/** Serves the API. Throws an error that names PORT if the port is in use. */
export async function serveApi(
  deps: Omit<ApiDeps, 'threads'>,
  { host, port }: Config['http'],
): Promise<Served> {
  const threads = createWorkerThreads({
    onError: (error) => deps.logger.error({ err: error }, 'a worker thread failed'),
  });
  const { fetch } = createApp({ ...deps, threads });
  return new Promise((resolve, reject) => {
    const serverOptions = {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkEveryMs,
    };
    // Guarantee: an HTTP/1.1 server, because the options select no other.
    const server = serve({ fetch, hostname: host, port, serverOptions }, (info) => {
      resolve({ port: info.port, close });
    }) as Server;
    server.maxConnections = maxConnections;
    server.on('clientError', refuseUnreadable);
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`PORT: ${port} is in use`) : error),
    );
    server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
      // A kept connection would send its next request to a process that is about to exit.
      if (deps.stopping.aborted) response.shouldKeepAlive = false;
    });
    // Connections that have sent no data yet, such as a load balancer's or a scanner's, have no request to finish.
    const unusedSockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      unusedSockets.add(socket);
      socket.once('data', () => unusedSockets.delete(socket));
      socket.once('close', () => unusedSockets.delete(socket));
    });
    const close = async ({ withinMs }: { withinMs: number }) => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of unusedSockets) socket.destroy();
      // The client keeps a connection whose request began before the stop, so it becomes idle later.
      const idle = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
      const cut = setTimeout(() => server.closeAllConnections(), withinMs);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
      await threads.close();
    };
  });
}
