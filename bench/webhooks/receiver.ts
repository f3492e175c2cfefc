/**
 * The merchants' endpoints in a process of its own. `POST /e/<n>` is endpoint n; `POST /reset` forgets
 * and sets how each behaves; `GET /stats` says what came, `GET /latencies` how fast. Latencies are counted from `data.atMs`.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nowMs, percentile } from '../shared/figures.ts';

export type Behaviour = { kind: 'ok'; delayMs?: number } | { kind: 'hang' } | { kind: 'fail' };
export type ReceiverStats = {
  /** Events that were taken, each once. */
  taken: number;
  duplicates: number;
  /** By endpoint. */
  perEndpoint: Record<string, number>;
  latencyMs: { p50: number; p95: number; p99: number };
  /** The longest time without an arrival, since the reset or the first arrival. */
  longestGapMs: number;
};

let behaviours: Record<string, Behaviour> = {};
let seen = new Map<string, number>();
let perEndpoint: Record<string, number> = {};
let latencies: { endpoint: string; ms: number }[] = [];
let duplicates = 0;
let lastMs: number | undefined;
let longestGapMs = 0;
let resetAtMs = 0;
const hanging = new Set<ServerResponse>();

function reset(next: Record<string, Behaviour>): void {
  behaviours = next;
  seen = new Map();
  perEndpoint = {};
  latencies = [];
  duplicates = 0;
  lastMs = undefined;
  longestGapMs = 0;
  resetAtMs = nowMs();
  // Whoever waited for these need not wait to the end of its patience.
  for (const response of hanging) response.destroy();
  hanging.clear();
}

function take(endpoint: string, id: string, body: string): void {
  const atMs = nowMs();
  const sentMs = /"atMs":([\d.]+)/.exec(body)?.[1];
  // What was tried in an earlier part and comes now is nothing of this one.
  if (Number(sentMs) < resetAtMs) return;
  if (lastMs !== undefined) longestGapMs = Math.max(longestGapMs, atMs - lastMs);
  lastMs = atMs;
  const count = seen.get(id) ?? 0;
  seen.set(id, count + 1);
  if (count > 0) {
    duplicates += 1;
    return;
  }
  perEndpoint[endpoint] = (perEndpoint[endpoint] ?? 0) + 1;
  if (sentMs !== undefined) latencies.push({ endpoint, ms: atMs - Number(sentMs) });
}

function stats(): ReceiverStats {
  const all = latencies.map(({ ms }) => ms);
  return {
    taken: seen.size,
    duplicates,
    perEndpoint,
    latencyMs: {
      p50: percentile(all, 0.5),
      p95: percentile(all, 0.95),
      p99: percentile(all, 0.99),
    },
    longestGapMs,
  };
}

/** All of them, in ms, by endpoint. */
function latenciesOfEndpoints(): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const { endpoint, ms } of latencies) (all[endpoint] ??= []).push(ms);
  return all;
}

function answer(endpoint: string, response: ServerResponse, onTaken: () => void): void {
  const behaviour = behaviours[endpoint] ?? { kind: 'ok' };
  if (behaviour.kind === 'hang') {
    hanging.add(response);
    response.on('close', () => hanging.delete(response));
    return;
  }
  if (behaviour.kind === 'fail') {
    response.writeHead(500).end();
    return;
  }
  const end = () => {
    onTaken();
    response.writeHead(204).end();
  };
  if (behaviour.delayMs) setTimeout(end, behaviour.delayMs);
  else end();
}

const server = createServer((request, response) => {
  const url = request.url ?? '';
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' });
    const asked = { '/count': () => seen.size, '/latencies': latenciesOfEndpoints }[url] ?? stats;
    response.end(JSON.stringify(asked()));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    if (url === '/reset' || url === '/behave') {
      const next = JSON.parse(body) as Record<string, Behaviour>;
      if (url === '/reset') reset(next);
      else behaviours = next;
      response.writeHead(204).end();
      return;
    }
    const endpoint = url.slice('/e/'.length);
    const id = String(request.headers['webhook-id']);
    answer(endpoint, response, () => take(endpoint, id, body));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
