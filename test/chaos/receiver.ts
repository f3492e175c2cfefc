/**
 * The merchant's endpoint in a process of its own: writes every arrival into RECEIVER_LOG, a line of
 * JSON each, before it answers. With RECEIVER_REFUSES=0.05 a twentieth of the events is refused once.
 */
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Arrival = { id: string; body: string; answered: number };

const log = openSync(process.env['RECEIVER_LOG'] ?? '/dev/null', 'a');
const refusedShare = Number(process.env['RECEIVER_REFUSES'] ?? 0);
const refused = new Set<string>();

/** Decided by the event alone, so that it does not depend on the order of arrivals. */
function isRefusedOnce(id: string): boolean {
  if (refused.has(id)) return false;
  refused.add(id);
  return createHash('sha256').update(id).digest().readUInt16BE() / 65_536 < refusedShare;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const id = String(request.headers['webhook-id']);
    const answered = isRefusedOnce(id) ? 500 : 204;
    const arrival: Arrival = { id, body: Buffer.concat(chunks).toString('utf8'), answered };
    writeSync(log, `${JSON.stringify(arrival)}\n`);
    response.writeHead(answered).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
