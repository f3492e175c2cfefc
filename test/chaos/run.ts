/**
 * Opens orders while worker, API and Temporal are killed -9 at random, and then lets an independent
 * checker compare the books: `node --import tsx test/chaos/run.ts --orders 200 --seed 42 --json`.
 *
 * `--kills` each (2), `--spread` seconds over which orders are opened and processes killed, `--seed`
 * (random, printed first). The summary is on stdout, what happens meanwhile on stderr. Exit 1: broken;
 * the folder with all logs is kept then.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mulberry32 } from '../../providers/alipay/simulator/faults.ts';
import { check, quiet } from './check.ts';
import type { Findings } from './check.ts';
import { liveThrough } from './merchant.ts';
import type { Fate, Plan } from './merchant.ts';
import { startStack } from './stack.ts';
import type { Stack } from './stack.ts';
import type { Supervised } from './supervised.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '200' },
    kills: { type: 'string', default: '2' },
    spread: { type: 'string', default: '110' },
    quiet: { type: 'string', default: '180' },
    seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
    json: { type: 'boolean', default: false },
  },
});
const [orders, kills, spreadS, quietS, seed] = [
  values.orders,
  values.kills,
  values.spread,
  values.quiet,
  values.seed,
].map(Number) as [number, number, number, number, number];

const startedMs = Date.now();
const elapsedS = () => Math.round((Date.now() - startedMs) / 100) / 10;
const say = (text: string) => process.stderr.write(`${elapsedS().toFixed(1)} s  ${text}\n`);

const random = mulberry32(seed);
const between = (low: number, high: number) => low + random() * (high - low);

/** Everything that chance decides is decided here, from the seed, before anything starts. */
function drawPlans(): Plan[] {
  // An order lives at least a minute: a few of them may expire where there is time for it.
  const expiring = orders >= 50 ? Math.ceil(orders * 0.04) : 0;
  return Array.from({ length: orders }, (_, number) => {
    const lot = random();
    const other: Fate = lot < 0.8 ? 'paid' : lot < 0.92 ? 'cancelled' : 'contested';
    return {
      number,
      fate: number < expiring ? 'expires' : other,
      atMs: between(0, spreadS * 1_000),
      thinkMs: between(0, 2_000),
      isScanned: random() < 0.5,
      isAskedAgain: random() < 0.1,
    };
  });
}

function drawKills(): { victim: number; atMs: number }[] {
  return [0, 1, 2]
    .flatMap((victim) => Array.from({ length: kills }, () => victim))
    .map((victim) => ({ victim, atMs: between(0.08, 0.95) * spreadS * 1_000 }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

function drawFaults(): object[] {
  const faultSeed = () => Math.floor(random() * 1e9);
  return [
    { call: 'create', kind: 'executedThenTimeout', probability: 0.06 },
    { call: 'create', kind: 'http500', probability: 0.03 },
    { call: 'query', kind: 'http500', probability: 0.05 },
    { call: 'close', kind: 'executedThenTimeout', probability: 0.1 },
    { call: 'notify', kind: 'lostForever', probability: 0.04 },
    { call: 'notify', kind: 'lost', probability: 0.08 },
    { call: 'notify', kind: 'duplicate', probability: 0.1 },
    { call: 'notify', kind: 'delay', delayMs: 3_000, probability: 0.1 },
  ].map((fault) => ({ ...fault, seed: faultSeed() }));
}

type Kill = { name: string; atS: number };

async function killAll(stack: Stack, planned: ReturnType<typeof drawKills>): Promise<Kill[]> {
  const done: Kill[] = [];
  const beganMs = Date.now();
  for (const { victim, atMs } of planned) {
    await sleep(Math.max(0, beganMs + atMs - Date.now()));
    const chosen = stack.victims[victim] as Supervised;
    // One that is only just coming up again is killed once it is up.
    while (!chosen.kill()) await sleep(50);
    say(`killed ${chosen.name}`);
    done.push({ name: chosen.name, atS: elapsedS() });
  }
  return done;
}

async function run(folder: string): Promise<Findings & Record<string, unknown>> {
  const [plans, killPlans, faults] = [drawPlans(), drawKills(), drawFaults()];
  const stack = await startStack({ folder, say });
  try {
    await fetch(`${stack.simulatorUrl}/console/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    });
    say(`up; ${orders} orders and ${killPlans.length} kills within ${spreadS} s`);
    const [killed, lives] = await Promise.all([
      killAll(stack, killPlans),
      Promise.allSettled(
        plans.map(async (plan) => {
          await sleep(plan.atMs);
          return liveThrough(stack, plan);
        }),
      ),
    ]);
    const opened = lives.flatMap((life) => (life.status === 'fulfilled' ? [life.value] : []));
    const lost = lives.flatMap((life) => (life.status === 'rejected' ? [String(life.reason)] : []));
    say(`all orders are opened and acted upon (${opened.length} of ${orders})`);
    const left = await quiet(stack, { timeoutMs: quietS * 1_000, say });
    const quietAtS = elapsedS();
    say(left.length === 0 ? 'quiet' : `never quiet: ${left.join(', ')}`);
    const { figures, broken } = await check(stack, opened);
    return {
      seed,
      kills: killed,
      answered: {
        201: opened.filter(({ status }) => status === 201).length,
        202: opened.filter(({ status }) => status === 202).length,
        afterRetries: opened.filter(({ retries }) => retries > 0).length,
        retries: opened.reduce((sum, { retries }) => sum + retries, 0),
      },
      figures,
      quietAtS,
      broken: [...lost, ...left.map((what) => `left lying: ${what}`), ...broken],
    };
  } finally {
    await stack.stop();
  }
}

process.stderr.write(`seed ${seed}\n`);
const folder = await mkdtemp(join(tmpdir(), 'tender-chaos-'));
try {
  const summary = await run(folder);
  const isBroken = summary.broken.length > 0;
  const all = { ok: !isBroken, ...summary, seconds: elapsedS() };
  process.stdout.write(`${JSON.stringify(all, null, values.json ? 0 : 2)}\n`);
  if (isBroken) {
    process.exitCode = 1;
    say(`kept for a look: ${folder}`);
  } else await rm(folder, { recursive: true, force: true });
} catch (error) {
  say(`the run itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  say(`kept for a look: ${folder}`);
  process.exitCode = 1;
}
