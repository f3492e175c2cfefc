/**
 * The merchant's endpoints in a process of its own: writes every arrival into RECEIVER_LOG, a line of
 * JSON each, before it answers. With RECEIVER_REFUSES=0.05 a twentieth of the events is refused once.
 * `/gone` wants nothing more; `/confirm` answers as the order's metadata says.
 */
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Arrival = {
  path: string;
  id: string;
  timestamp: string;
  signature: string;
  body: string;
  answered: number;
};

const log = openSync(process.env['RECEIVER_LOG'] ?? '/dev/null', 'a');
const refusedShare = Number(process.env['RECEIVER_REFUSES'] ?? 0);
const refused = new Set<string>();

/** Decided by the event alone, so that it does not depend on the order of arrivals. */
function isRefusedOnce(path: string, id: string): boolean {
  const key = `${path} ${id}`;
  if (refused.has(key)) return false;
  refused.add(key);
  return createHash('sha256').update(id).digest().readUInt16BE() / 65_536 < refusedShare;
}

function answerTo(path: string, id: string, body: string): { status: number; text?: string } {
  if (path === '/gone') return { status: 410 };
  if (isRefusedOnce(path, id)) return { status: 500 };
  if (path !== '/confirm') return { status: 204 };
  const { data } = JSON.parse(body) as { data: { metadata: { answer?: string } } };
  const { answer } = data.metadata;
  return answer === 'silent' ? { status: 503 } : { status: 200, text: JSON.stringify({ answer }) };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const path = request.url ?? '';
    const header = (name: string) => String(request.headers[`webhook-${name}`]);
    const body = Buffer.concat(chunks).toString('utf8');
    const { status, text } = answerTo(path, header('id'), body);
    const arrival: Arrival = {
      path,
      body,
      answered: status,
      id: header('id'),
      timestamp: header('timestamp'),
      signature: header('signature'),
    };
    writeSync(log, `${JSON.stringify(arrival)}\n`);
    response.writeHead(status, text ? { 'content-type': 'application/json' } : {}).end(text);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
