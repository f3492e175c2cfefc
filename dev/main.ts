/**
 * `npm start`: starts every service, runs one demo order from creation to refund at each provider, and keeps running.
 * With `--once` it stops after the orders; with `--json` it prints one JSON summary on stdout and everything else on stderr.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import packageJson from '../package.json' with { type: 'json' };
import type { ProviderName } from '../providers/provider.ts';
import { definitions } from '../providers/registry.ts';
import { runDemoOrder, showDemoRun } from './demo/run-order.ts';
import type { DemoRun } from './demo/run-order.ts';
import { openDemoEndpoint, prepareDemo } from './demo/set-up.ts';
import type { DemoMerchant } from './demo/set-up.ts';
import { bringUp } from './local/bring-up.ts';
import type { Addresses, Local } from './local/bring-up.ts';
import { stateFolder } from '../config/local-state.ts';
import { createSteps } from './local/steps.ts';
import { providerNames } from './services/simulators.ts';
import { claimInstance } from './services/single-instance.ts';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const steps = createSteps({ stream: process.stderr });
const startedMs = performance.now();
const stopping = new Promise<void>((resolve) => {
  // npm also forwards Ctrl-C; the second signal has no effect.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
});

try {
  await run();
  process.exit(0);
} catch (error) {
  steps.log(`\nTender could not run: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const instance = await claimInstance({ dir: stateFolder });
  let local: Local | undefined;
  try {
    steps.log(`Tender ${packageJson.version}`);
    let prepared: DemoMerchant | undefined;
    const onAddresses = async (addresses: Addresses) => {
      prepared = await prepareDemo(addresses);
    };
    local = await Promise.race([
      bringUp({ steps, onAddresses }),
      rejectWhenStopped('stopped while starting'),
    ]);
    instance.announce(local.apiUrl);
    const merchant = prepared!;
    await steps.run('Endpoint of the demo merchant', () => openDemoEndpoint(local!, merchant));
    const runs = {} as Record<ProviderName, DemoRun>;
    for (const name of providerNames) {
      runs[name] = await Promise.race([
        steps.run(`Demo order by ${definitions[name].title}, end to end`, () =>
          runDemoOrder(local!, merchant, name),
        ),
        local.broken,
      ]);
    }
    const demo = runs.alipay;
    const totalMs = Math.round(performance.now() - startedMs);
    const { databaseUrl, versions } = local;
    const counts = await countOrders(databaseUrl);
    if (values.json) {
      const summary = {
        ok: true,
        order: demo.order,
        delivery: demo.delivery,
        timingsMs: { ...steps.timingsMs, total: totalMs },
        timeline: demo.timeline,
        providers: runs,
        orders: counts,
        links: demo.links,
        versions: { tender: packageJson.version, ...versions, postgres: counts.postgres },
      };
      process.stdout.write(`${JSON.stringify(summary)}\n`);
    } else {
      for (const name of providerNames) process.stdout.write(`${showDemoRun(runs[name])}\n`);
    }
    if (values.once) return;
    steps.log(showAddresses(local, merchant.key, totalMs));
    await Promise.race([stopping, local.broken]);
    steps.log('\nStopping …');
  } finally {
    await local?.stop();
    instance.release();
  }
}

function rejectWhenStopped(message: string): Promise<never> {
  return stopping.then(() => {
    throw new Error(message);
  });
}

/** All orders in the database, those of earlier starts included. */
async function countOrders(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{
      total: number;
      paid: number;
      refunded: number;
      postgres: string;
    }>(
      `select count(*)::int as total, count(*) filter (where status in ('paid', 'partially_refunded', 'refunded'))::int as paid,
        count(*) filter (where refunded_minor > 0)::int as refunded,
        current_setting('server_version') as postgres from orders`,
    );
    return rows[0]!;
  } finally {
    await client.end();
  }
}

function showAddresses(
  { apiUrl, merchantUrl, temporalUiUrl }: Local,
  key: string,
  totalMs: number,
): string {
  return `
Tender is up after ${(totalMs / 1_000).toFixed(1)} s.

  the demo shop    ${merchantUrl}/   buy, pay at Alipay, WeChat Pay or Stripe, refund
  the Temporal UI  ${temporalUiUrl}
  the API          ${apiUrl}/docs

or create an order yourself and open its checkoutUrl in a browser:

  curl -s ${apiUrl}/v1/orders -H 'authorization: Bearer ${key}' \\
    -H 'content-type: application/json' \\
    -d '{"merchantOrderNo":"A-1","amountMinor":100,"currency":"CNY","subject":"A test"}'

Ctrl-C stops; the data stays in ${stateFolder}.`;
}
