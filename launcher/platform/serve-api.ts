import { serve } from '@hono/node-server';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { createWorkerThreads } from '../../api/worker-threads/worker-threads.ts';
import type { Config } from '../../config/config.ts';
import { refuseUnreadable } from './refuse-unreadable.ts';

// Long polls and streams would hold the door open for a minute.
const closeAfterMs = 1_000;
// Longer than the usual proxy's: whoever closes an idle connection first risks a request on it.
const keepAliveMs = 75_000;
// A request has to be there, body and all, within this: also one that comes byte by byte.
const [headersMs, requestMs, lookEveryMs] = [10_000, 30_000, 2_000];
const mostConnections = 20_000;

/** Serves the API. Throws, naming PORT, when its port is taken. */
export async function serveApi(
  deps: Omit<ApiDeps, 'threads'>,
  { host, port }: Config['http'],
): Promise<{ port: number; close(): Promise<void> }> {
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
    const server = serve({ fetch, hostname: host, port, serverOptions }, (info) => {
      resolve({ port: info.port, close });
    });
    server.maxConnections = mostConnections;
    server.on('clientError', refuseUnreadable);
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`PORT: ${port} is in use`) : error),
    );
    const close = async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        if ('closeAllConnections' in server) {
          setTimeout(() => server.closeAllConnections(), closeAfterMs).unref();
        }
      });
      await threads.close();
    };
  });
}
