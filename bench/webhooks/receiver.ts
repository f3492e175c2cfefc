/**
 * The merchants' endpoints in one process. `POST /e/<n>` is endpoint n; `POST /reset` clears the counts and sets how
 * each endpoint behaves; `GET /stats` returns what arrived, `GET /latencies` how fast. Latencies count from
 * `data.atMs`, and `data.serial` identifies an event. Nothing else is stored, because garbage collection here would
 * distort latencies.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nowMs, percentile } from '../shared/figures.ts';
import { createSeries, createTally } from '../shared/tally.ts';
import type { Series } from '../shared/tally.ts';

export type Behaviour = { kind: 'ok'; delayMs?: number } | { kind: 'hang' } | { kind: 'fail' };
export type ReceiverStats = {
  /** Distinct accepted events. */
  taken: number;
  duplicates: number;
  /** Accepted events by endpoint. */
  perEndpoint: Record<string, number>;
  latencyMs: { p50: number; p95: number; p99: number };
  /** The longest time without an arrival, since the reset or the first arrival. */
  longestGapMs: number;
};

let behaviours: Record<string, Behaviour> = {};
let seen = createTally();
/** In ms, by endpoint, in the order of arrival. */
let latencies: Record<string, Series> = {};
let duplicates = 0;
let lastMs: number | undefined;
let longestGapMs = 0;
let resetAtMs = 0;
const hanging = new Set<ServerResponse>();

function reset(next: Record<string, Behaviour>): void {
  behaviours = next;
  seen = createTally();
  latencies = {};
  duplicates = 0;
  lastMs = undefined;
  longestGapMs = 0;
  resetAtMs = nowMs();
  // Ends hanging requests, so that their senders need not wait for their timeout.
  for (const response of hanging) response.destroy();
  hanging.clear();
}

function take(endpoint: string, body: string): void {
  const atMs = nowMs();
  const [, sentMs, serial] = /"atMs":([\d.]+),"serial":(\d+)/.exec(body) ?? [];
  // Ignores events of an earlier part of the bench.
  if (serial === undefined || Number(sentMs) < resetAtMs) return;
  if (lastMs !== undefined) longestGapMs = Math.max(longestGapMs, atMs - lastMs);
  lastMs = atMs;
  if (seen.count(Number(serial)) > 0) duplicates += 1;
  else (latencies[endpoint] ??= createSeries()).add(atMs - Number(sentMs));
}

function stats(): ReceiverStats {
  const all = latenciesOfEndpoints();
  const flat = Object.values(all).flat();
  return {
    taken: seen.distinct(),
    duplicates,
    perEndpoint: Object.fromEntries(Object.entries(all).map(([n, { length }]) => [n, length])),
    latencyMs: {
      p50: percentile(flat, 0.5),
      p95: percentile(flat, 0.95),
      p99: percentile(flat, 0.99),
    },
    longestGapMs,
  };
}

function latenciesOfEndpoints(): Record<string, number[]> {
  return Object.fromEntries(Object.entries(latencies).map(([n, one]) => [n, [...one.all()]]));
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
    const report = { '/count': seen.distinct, '/latencies': latenciesOfEndpoints }[url] ?? stats;
    response.end(JSON.stringify(report()));
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
    answer(endpoint, response, () => take(endpoint, body));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
