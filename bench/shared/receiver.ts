/**
 * A merchant's endpoint in its own process. `POST /` is the endpoint; `GET /arrivals` streams every arrival of an
 * order's event as a line of JSON; `GET /count` returns the number of arrivals.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nowMs } from './figures.ts';

export type Arrival = { type: string; orderId: string; atMs: number };

let count = 0;
let listener: ServerResponse | undefined;

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200);
    if (request.url === '/arrivals') {
      listener = response;
      response.flushHeaders();
    } else response.end(String(count));
    return;
  }
  const atMs = nowMs();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(204).end();
    count += 1;
    if (!listener) return;
    const event = JSON.parse(Buffer.concat(chunks).toString()) as {
      type: string;
      data: { id: string };
    };
    const arrival: Arrival = { type: event.type, orderId: event.data.id, atMs };
    listener.write(`${JSON.stringify(arrival)}\n`);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
