/**
 * Random lives under faults, from a seed: orders are opened, paid, refunded, disputed and cancelled at
 * once while providers, receivers and, with `--kills`, our own processes fail. When all is quiet, an
 * independent checker looks for a broken invariant.
 *
 *   node --import tsx test/chaos/run.ts --provider all --orders 2000 --kills 0 --seed 1 --json
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { check, checkAlive } from './check.ts';
import { compareBalances } from './checks/balances.ts';
import { drawFaults, drawKills, drawLives } from './draw.ts';
import type { ProviderName } from './draw.ts';
import type { Life, ReportSource } from './life.ts';
import { liveThrough } from './live.ts';
import { quiet } from './quiet.ts';
import { startStack } from './stack.ts';
import type { Stack } from './stack.ts';
import { plantStrangers, reconcile } from './statements.ts';

const { values } = parseArgs({
  options: {
    provider: { type: 'string', default: 'all' },
    orders: { type: 'string', default: '200' },
    kills: { type: 'string', default: '2' },
    spread: { type: 'string' },
    quiet: { type: 'string', default: '400' },
    seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
    json: { type: 'boolean', default: false },
  },
});
const [orders, kills, quietS, seed] = [values.orders, values.kills, values.quiet, values.seed].map(
  Number,
) as [number, number, number, number];
const everyProvider = ['alipay', 'wechat-pay', 'stripe'] as const;
const providers = readProviders(values.provider);
// About what two cores carry.
const spreadS = Number(values.spread ?? Math.max(15, Math.ceil(orders / 10)));
// More than the worker can hold starves new workflows of their first task: minutes of nothing but waiting.
const mostAtOnce = 40;

const startedMs = Date.now();
const elapsedS = () => Math.round((Date.now() - startedMs) / 100) / 10;
const say = (text: string) => process.stderr.write(`${elapsedS().toFixed(1)} s  ${text}\n`);

function readProviders(text: string): readonly [ProviderName, ...ProviderName[]] {
  if (text === 'all') return everyProvider;
  const known = everyProvider.find((name) => name === text);
  if (!known) throw new Error(`--provider must be all or one of ${everyProvider.join(', ')}`);
  return [known];
}

type Kill = { name: string; atS: number };

async function killAll(stack: Stack, planned: ReturnType<typeof drawKills>): Promise<Kill[]> {
  const done: Kill[] = [];
  const beganMs = Date.now();
  for (const { victim, atMs } of planned) {
    await sleep(Math.max(0, beganMs + atMs - Date.now()));
    const chosen = stack.victims[victim];
    // One that is only just coming up again is killed once it is up.
    while (!chosen?.kill()) await sleep(50);
    say(`killed ${chosen.name}`);
    done.push({ name: chosen.name, atS: elapsedS() });
  }
  return done;
}

/** Each at its time, never more than the machine can carry. */
async function liveAll(stack: Stack, lives: readonly Life[]) {
  const left = lives.toSorted((a, b) => a.atMs - b.atMs);
  const [told, lost]: [ReportSource[], string[]] = [[], []];
  const beganMs = Date.now();
  const progress = setInterval(() => {
    say(`${told.length} of ${orders} lives lived${lost.length > 0 ? `, ${lost.length} lost` : ''}`);
  }, 15_000);
  const worker = async () => {
    for (let life = left.shift(); life; life = left.shift()) {
      await sleep(Math.max(0, beganMs + life.atMs - Date.now()));
      await liveThrough(stack.shop, life, `lives-${seed}`).then(
        (one) => told.push(one),
        (error: unknown) => {
          lost.push(`life ${life.number} (${life.fate}): ${String(error)}`);
          say(`LOST ${lost.at(-1)}`);
        },
      );
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, worker));
  clearInterval(progress);
  return { told, lost };
}

async function run(folder: string) {
  const lives = drawLives({ seed, orders, providers, spreadMs: spreadS * 1_000 });
  const faults = providers.map((provider, index) => drawFaults(seed + index, provider));
  const killPlans = drawKills({ seed, kills, spreadMs: spreadS * 1_000 });
  const stack = await startStack({ folder, providers, isSplit: kills > 0, say });
  try {
    for (const [index, { simulatorUrl }] of stack.shop.accounts.entries()) {
      const body = JSON.stringify(faults[index]);
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${simulatorUrl}/console/faults`, {
        method: 'POST',
        headers,
        body,
      });
      if (answer.status !== 204) throw new Error(`faults: ${await answer.text()}`);
    }
    say(`up; ${orders} orders and ${killPlans.length} kills within ${spreadS} s`);
    const [killed, { told, lost }, lonely] = await Promise.all([
      killAll(stack, killPlans),
      liveAll(stack, lives),
      sleep(spreadS * 500).then(() => checkAlive(stack)),
    ]);
    say(`all lives are lived (${told.length} of ${orders})`);
    const early = await quiet(stack, { timeoutMs: quietS * 1_000, say });
    for (const account of stack.shop.accounts) {
      await fetch(`${account.simulatorUrl}/console/faults`, { method: 'DELETE' });
    }
    const planted = await plantStrangers(stack);
    // The first sets right what no notification told; the second, when that has settled, must agree.
    const first = await reconcile(stack, { startedMs, say });
    await quiet(stack, { timeoutMs: quietS * 1_000, say });
    const unbalanced = await compareBalances(stack, 'after the first reconciliation');
    const statements = await reconcile(stack, { startedMs, say });
    const late = await quiet(stack, { timeoutMs: quietS * 1_000, say });
    unbalanced.push(...(await compareBalances(stack, 'at the end')));
    say(
      [...early, ...late].length === 0 ? 'quiet' : `never quiet: ${[...early, ...late].join(', ')}`,
    );
    const checked = await check(stack, {
      told,
      lost,
      lonely,
      left: late,
      unbalanced,
      planted,
      statements,
      say,
    });
    return {
      seed,
      provider: values.provider,
      kills: killed,
      answered: {
        201: told.filter(({ status }) => status === 201).length,
        202: told.filter(({ status }) => status === 202).length,
        retries: told.reduce((sum, { retries }) => sum + retries, 0),
      },
      healedByReconciliation: first.healed,
      ...checked,
    };
  } finally {
    await stack.stop();
  }
}

process.stderr.write(`seed ${seed}\n`);
const folder = await mkdtemp(join(tmpdir(), 'tender-lives-'));
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
