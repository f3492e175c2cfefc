/**
 * Seeds a day of finished orders into our books and into a provider's simulator, plants differences of
 * every kind, reconciles over the API, and says what was found:
 * `node --import tsx test/reconciliation/day.ts --orders 10000 --differences 50 --seed 42 --json`.
 *
 * `--provider` alipay, wechat-pay (unless given) or stripe. The summary is on stdout, what happens
 * meanwhile on stderr. Exit 1: a planted difference was missed, or one invented.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { benchFolder, benchPostgres, benchTemporal } from '../../bench/shared/services.ts';
import { dateIn, dayBefore } from '../../domain/reconciliation.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { openWorld } from '../support/world.ts';
import { midnightOf } from './midnight.ts';
import { planDay } from './plan.ts';
import { differencesOf, reconcile, weigh } from './reconcile.ts';
import { seedDay } from './seed-day.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '10000' },
    differences: { type: 'string', default: '50' },
    provider: { type: 'string', default: 'wechat-pay' },
    seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
    json: { type: 'boolean', default: false },
  },
});
const [orders, differences, seed] = [values.orders, values.differences, values.seed].map(
  Number,
) as [number, number, number];
const provider = values.provider as ProviderName;

const startedMs = Date.now();
const since = (ms: number) => Math.round((Date.now() - ms) / 100) / 10;
const say = (text: string) => process.stderr.write(`${since(startedMs).toFixed(1)} s  ${text}\n`);

const folder = await benchFolder();
const [postgres, temporal] = await Promise.all([benchPostgres(folder), benchTemporal(folder)]);
const world = await openWorld({
  database: { url: postgres.databaseUrl, drop: async () => {} },
  temporal: { address: temporal.address, namespace: 'default' },
});
try {
  const { timeZone } = definitions[provider].statements;
  const date = dayBefore(dateIn(timeZone, Date.now()));
  const fromMs = midnightOf(date, timeZone);
  say(`${provider}, ${date}, seed ${seed}: ${orders} orders, ${differences} differences`);
  const merchant = await world.newMerchant([provider]);
  const plan = planDay({ provider, fromMs, orders, differences, seed });
  await seedDay(world, merchant, plan);
  say('seeded');
  const beganMs = Date.now();
  const { accountId } = merchant.accounts[0]!;
  const run = await reconcile(merchant.api, { accountId, date });
  const seconds = since(beganMs);
  say(`the run is ${run.status}: ${JSON.stringify(run.counts)}`);
  const result = weigh(plan, await differencesOf(merchant.api, run));
  const againMs = Date.now();
  const again = await reconcile(merchant.api, { accountId, date });
  const resultAgain = weigh(plan, await differencesOf(merchant.api, again));
  const summary = {
    provider,
    seed,
    orders,
    ...result,
    counts: run.counts,
    seconds,
    again: { ...resultAgain, counts: again.counts, seconds: since(againMs) },
  };
  process.stdout.write(`${JSON.stringify(summary, null, values.json ? 0 : 2)}\n`);
  const isRight = [result, resultAgain].every(
    ({ missed, invented }) => missed.length === 0 && invented.length === 0,
  );
  if (!isRight || run.status !== 'done') process.exitCode = 1;
} finally {
  await world.close();
  await Promise.all([temporal.stop(), postgres.stop()]);
  await folder.remove();
}
