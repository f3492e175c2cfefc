import type { ProviderName } from '../../providers/provider.ts';
import { cpuMsOf, cpuPerOperation, round } from '../shared/cpu.ts';
import { median, percentile } from '../shared/figures.ts';
import { pace, saturate } from '../shared/load.ts';
import { benchFolder, benchPostgres, benchTemporal } from '../shared/services.ts';
import { startBare } from './bare.ts';
import { startProduct } from './product.ts';
import type { Side } from './side.ts';

// The time between the code's appearance and the payment.
const thinkMs = 200;

export type PaymentsOptions = {
  provider: ProviderName;
  rounds: number;
  roundMs: number;
  /** Numbers of concurrent orders to try; the best one of each side counts as its saturation. */
  inFlight: readonly number[];
  onProgress: (line: string) => void;
};

/** Compares the product with the bare shape on one Temporal server, in alternating rounds. */
export async function benchPayments({
  provider,
  rounds,
  roundMs,
  inFlight,
  onProgress,
}: PaymentsOptions) {
  const folder = await benchFolder();
  const postgres = await benchPostgres(folder);
  const temporal = await benchTemporal(folder);
  const sides: Side[] = [
    await startBare({ folder, address: temporal.address }),
    await startProduct({
      folder,
      address: temporal.address,
      databaseUrl: postgres.databaseUrl,
      provider,
    }),
  ];
  const servers = { temporal: temporal.pid, postgres: postgres.pid, load: process.pid };
  try {
    for (const side of sides)
      await saturate({ inFlight: 4, durationMs: 3_000, operation: () => payOnce(side) });
    const saturated: Measured[] = [];
    for (let number = 1; number <= rounds; number++) {
      for (const width of inFlight) {
        // The order alternates, so that a drift of the machine favours neither side.
        for (const side of number % 2 ? sides : sides.toReversed()) {
          const measured = await measure(side, 0, servers, (operation) =>
            saturate({ inFlight: width, durationMs: roundMs, operation }),
          );
          saturated.push({ ...measured, inFlight: width });
          onProgress(
            `round ${number}, ${side.name} with ${width} under way: ${measured.perSecond}/s`,
          );
        }
      }
    }
    const bare = best(saturated, 'bare', inFlight);
    const product = best(saturated, 'product', inFlight);
    const quiet: Measured[] = [];
    const perSecond = Math.min(bare.perSecond, product.perSecond) / 4;
    for (let number = 1; number <= rounds; number++) {
      for (const side of number % 2 ? sides : sides.toReversed()) {
        const measured = await measure(side, thinkMs, servers, (operation) =>
          pace({ perSecond, durationMs: roundMs, operation }),
        );
        quiet.push(measured);
        onProgress(
          `round ${number}, ${side.name} at ${round(perSecond)}/s: p50 ${measured.p50Ms} ms`,
        );
      }
    }
    const bareQuiet = summary(quiet.filter(({ name }) => name === 'bare'));
    const productQuiet = summary(quiet.filter(({ name }) => name === 'product'));
    return {
      bench: 'payments' as const,
      provider,
      saturation: { bare, product, throughputRatio: round(product.perSecond / bare.perSecond) },
      quarterLoad: {
        perSecond: round(perSecond),
        bare: bareQuiet,
        product: productQuiet,
        latencyRatio: round(productQuiet.p50Ms / bareQuiet.p50Ms),
      },
    };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    await temporal.stop();
    await postgres.stop();
    await folder.remove();
  }
}

type Measured = {
  name: Side['name'];
  inFlight?: number;
  perSecond: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
  cpuMsPerOrder: Record<string, number> | null;
};

async function measure(
  side: Side,
  thinkMs: number,
  servers: Record<string, number>,
  load: (operation: () => Promise<void>) => ReturnType<typeof saturate>,
): Promise<Measured> {
  const latencies: number[] = [];
  const pids = { ...servers, ...side.pids };
  const before = cpuMsOf(pids);
  const { done, failed, perSecond } = await load(async () => {
    latencies.push((await side.pay({ thinkMs })).latencyMs);
  });
  return {
    name: side.name,
    perSecond: round(perSecond),
    failed,
    p50Ms: round(percentile(latencies, 0.5)),
    p99Ms: round(percentile(latencies, 0.99)),
    cpuMsPerOrder: cpuPerOperation(before, cpuMsOf(pids), done),
  };
}

/** The medians at the number of concurrent orders with the highest median throughput. */
function best(all: readonly Measured[], name: Side['name'], widths: readonly number[]) {
  const byWidth = widths.map((width) => ({
    inFlight: width,
    ...summary(all.filter((one) => one.name === name && one.inFlight === width)),
  }));
  return byWidth.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
}

function summary(rounds: readonly Measured[]) {
  const of = (key: 'perSecond' | 'p50Ms' | 'p99Ms') => round(median(rounds.map((one) => one[key])));
  const processes = Object.keys(rounds[0]?.cpuMsPerOrder ?? {});
  const cpuMsPerOrder = Object.fromEntries(
    processes.map((process) => [
      process,
      median(rounds.map((one) => one.cpuMsPerOrder?.[process] ?? 0)),
    ]),
  );
  const totalMs = Object.values(cpuMsPerOrder).reduce((sum, ms) => sum + ms, 0);
  return {
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    failed: rounds.reduce((sum, one) => sum + one.failed, 0),
    cpuMsPerOrder: { ...cpuMsPerOrder, total: round(totalMs) },
  };
}

async function payOnce(side: Side): Promise<void> {
  await side.pay({ thinkMs: 0 });
}
