import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../shared/cpu.ts';
import { pace } from '../shared/load.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';

const slowMs = 50;
const troubled: Record<string, Behaviour> = {
  '0': { kind: 'hang' },
  '1': { kind: 'fail' },
  '2': { kind: 'ok', delayMs: 10 * slowMs },
};

/**
 * The same rate twice: all endpoints well, and with one that hangs, one that answers 500, and one ten
 * times slower than `slowMs`. Says what the healthy ones got, and how fast.
 */
export async function measureIsolation(
  stack: Stack,
  { perSecond, durationMs }: { perSecond: number; durationMs: number },
) {
  const run = async (behaviours: Record<string, Behaviour>) => {
    await stack.reset(behaviours);
    await pace({ perSecond, durationMs, operation: () => stack.publish({ count: 1 }) });
    await sleep(1_000);
    const { perEndpoint, latencyMs, healthy } = await stack.stats();
    const others = Object.entries(perEndpoint).filter(([endpoint]) => !troubled[endpoint]);
    const taken = others.reduce((sum, [, count]) => sum + count, 0);
    const { p50, p99 } = Object.keys(behaviours).length > 0 ? healthy.latencyMs : latencyMs;
    return { taken, p50Ms: round(p50), p99Ms: round(p99) };
  };
  const before = await run({});
  const during = await run(troubled);
  return {
    perSecond,
    allWell: before,
    threeTroubled: during,
    throughputRatio: round(during.taken / before.taken, 3),
    p99Ratio: round(during.p99Ms / before.p99Ms, 3),
  };
}
