/** The relay in its own process: delivers the pending events and prints the duration. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../db/database.ts';
import { createSealer } from '../../db/sealed.ts';
import { createAttempter } from '../../delivery/send/attempt.ts';
import { runRelay } from '../../delivery/relay/relay.ts';
import { createSender } from '../../delivery/send/send.ts';

const { DATABASE_URL = '', BENCH_SECRET_KEY = '', BENCH_DELIVERIES } = process.env;
const deliveries = Number(BENCH_DELIVERIES);
const { db, close } = openDatabase({ url: DATABASE_URL, maxConnections: 10, onError: () => {} });
const sealer = createSealer([Buffer.from(BENCH_SECRET_KEY, 'base64')]);
const sender = createSender({ allowPrivate: true });
const stopping = new AbortController();
let delivered = 0;

const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
const running = runRelay({
  db,
  attempt: createAttempter({ sender, sealer }),
  shard: 0,
  onEvents: () => () => {},
  onFailing: () => {},
  onDisabled: () => {},
  onWindow: () => {},
  onProgress: (progress) => {
    ({ delivered } = progress);
  },
  signal: stopping.signal,
  cancelled: new AbortController().signal,
});
while (delivered < deliveries) await sleep(5);
const durationMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(cpuBefore);
stopping.abort();
await running;
await sender.close();
await close();
console.log(JSON.stringify({ ready: true, durationMs, cpuMs: (user + system) / 1_000 }));
// Exits explicitly, so that a profile is written.
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
