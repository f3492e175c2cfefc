import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

export type Served = {
  port: number;
  /** What has come in so far. */
  seen: { connections: number; requests: number };
  /** Connections that are open now. */
  open(): Promise<number>;
  close(): Promise<void>;
};

/** A web server of a test's own, on a free port; with `tls` over TLS. */
export async function serve(listener: RequestListener, tls?: ServerOptions): Promise<Served> {
  const seen = { connections: 0, requests: 0 };
  const counting: RequestListener = (request, response) => {
    seen.requests += 1;
    listener(request, response);
  };
  const server: Server = tls ? createTlsServer(tls, counting) : createServer(counting);
  server.on('connection', () => {
    seen.connections += 1;
  });
  // Idle connections are the client's to close.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    open: () => promisify(server.getConnections.bind(server))(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Request = { path: string; headers: IncomingHttpHeaders; body: Buffer };
export type Answer = { status?: number; headers?: Record<string, string>; body?: string };

/** A listener that reads a request to its end and answers it; 204 where nothing is said. */
export function answering(
  answer: (request: Request) => Answer | void | Promise<Answer | void>,
): RequestListener {
  return (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { url: path = '', headers } = incoming;
      const said = answer({ path, headers, body: Buffer.concat(chunks) });
      void Promise.resolve(said).then((given) => {
        response.writeHead(given?.status ?? 204, given?.headers).end(given?.body);
      });
    });
  };
}
