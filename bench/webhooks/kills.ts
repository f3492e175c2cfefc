import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../shared/cpu.ts';
import { percentile } from '../shared/figures.ts';
import { publishSteadily } from './publish-steadily.ts';
import type { Stack } from './stack.ts';

const quietMs = 120_000;

/**
 * Kills the relay's worker with SIGKILL repeatedly under load. Takeover is the time from a kill to the next arrival,
 * whichever process delivers it. `underWayAtKills` counts what the relay had claimed but not recorded as done; as many
 * may arrive twice.
 */
export async function measureKills(
  stack: Stack,
  input: { perSecond: number; durationMs: number; everyMs: number },
) {
  await stack.reset();
  const firstEver = stack.published();
  const takeovers: number[] = [];
  const inFlight: number[] = [];
  const endsMs = performance.now() + input.durationMs;
  const watched: Promise<void>[] = [];
  const killing = (async () => {
    while (performance.now() + input.everyMs < endsMs) {
      await sleep(input.everyMs);
      inFlight.push(await stack.underWay());
      const killedMs = performance.now();
      const restarted = stack.killWorker();
      const before = await stack.taken();
      watched.push(
        (async () => {
          while ((await stack.taken()) === before) await sleep(5);
          takeovers.push(performance.now() - killedMs);
        })(),
      );
      await restarted;
    }
  })();
  await publishSteadily(stack, input);
  await killing;
  await Promise.all(watched);
  const published = stack.published() - firstEver;
  const patienceMs = performance.now() + quietMs;
  while ((await stack.taken()) < published && performance.now() < patienceMs) await sleep(50);
  const { taken, duplicates } = await stack.stats();
  return {
    perSecond: round(input.perSecond),
    kills: inFlight.length,
    published,
    lost: published - taken,
    duplicates,
    underWayAtKills: inFlight,
    takeoverMs: {
      p50: round(percentile(takeovers, 0.5)),
      p99: round(percentile(takeovers, 0.99)),
    },
  };
}
