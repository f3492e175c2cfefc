/**
 * The baseline in its own process: a plain loop that signs, POSTs and writes rows in batches of 100. It has no claims,
 * matching, retries or crash recovery.
 */
import pg from 'pg';
import { Agent } from 'undici';
import { newId } from '../../domain/ids.ts';
import { signedHeaders, signingKey } from '../../delivery/send/sign.ts';
import { bodyOf } from './add-events.ts';

const { DATABASE_URL, BENCH_DELIVERIES, BENCH_URL = '', BENCH_SECRET = '' } = process.env;
const deliveries = Number(BENCH_DELIVERIES);
const keys = [signingKey(BENCH_SECRET)];
const concurrency = 32;
const batchSize = 100;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
const agent = new Agent({ connections: 64 });
const { origin, pathname } = new URL(BENCH_URL);
await pool.query(
  'create table if not exists bench_plain (id text primary key, status int, ended_at timestamptz)',
);

let started = 0;
let rows: { id: string; status: number }[] = [];
const writes: Promise<unknown>[] = [];

function write(): void {
  const batch = rows;
  rows = [];
  writes.push(
    pool.query(
      'insert into bench_plain select id, status, now() from unnest($1::text[], $2::int[]) as t(id, status)',
      [batch.map(({ id }) => id), batch.map(({ status }) => status)],
    ),
  );
}

async function one(): Promise<void> {
  while (started < deliveries) {
    started += 1;
    const id = newId('event');
    const body = bodyOf(id);
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const headers = {
      'content-type': 'application/json',
      ...signedHeaders({ id, timestampSeconds, body, keys }),
    };
    const response = await agent.request({ origin, path: pathname, method: 'POST', headers, body });
    await response.body.dump();
    rows.push({ id, status: response.statusCode });
    if (rows.length >= batchSize) write();
  }
}

const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
await Promise.all(Array.from({ length: concurrency }, one));
if (rows.length > 0) write();
await Promise.all(writes);
const durationMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(cpuBefore);
await agent.destroy();
await pool.end();
console.log(JSON.stringify({ ready: true, durationMs, cpuMs: (user + system) / 1_000 }));
// Exits explicitly, so that a profile is written.
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
