import { round } from '../shared/cpu.ts';
import { median } from '../shared/figures.ts';
import { measureDrain } from './drain.ts';
import { firstOutage, measureIsolation } from './isolation.ts';
import { measureKills } from './kills.ts';
import { compareLatency } from './latency.ts';
import { measureMatching } from './matching.ts';
import { measureMemory } from './memory.ts';
import { runPlain } from './plain.ts';
import { saturateWebhooks } from './saturate.ts';
import type { Saturation } from './saturate.ts';
import { openStack } from './stack.ts';
import { measureSteady } from './steady.ts';

export type WebhooksOptions = {
  endpoints: number;
  /** If set, measures only a steady rate, with and without this number of endpoints that never answer. */
  steady: { perSecond: number; hanging: number } | undefined;
  rounds: number;
  roundMs: number;
  /** The parts to run. Saturation always runs, because it sets the rates of the others. */
  parts: readonly string[];
  /** Rounds at a sixteenth of saturation; at an eighth there are a third as many. */
  isolationRounds: number;
  /** The duration of each isolation run after the beginning of the outage. */
  isolationMs: number;
  killSeconds: number;
  memoryDeliveries: number;
  drainEvents: number;
  onProgress: (line: string) => void;
};

const publishers = 128;
const warmUpMs = 3_000;

/** Compares the notification platform, from `POST /v1/events` to the endpoint, with a plain loop in the same run. */
export async function benchWebhooks(options: WebhooksOptions) {
  const { rounds, roundMs, onProgress } = options;
  const wants = (part: string) => options.parts.includes(part);
  const stack = await openStack(options);
  try {
    // Warms up, so that the platform's code is compiled.
    await saturateWebhooks(stack, { batch: 100, publishers: 4, durationMs: warmUpMs });
    await saturateWebhooks(stack, { batch: 1, publishers, durationMs: warmUpMs });
    if (options.steady) {
      const steady = await measureSteady(stack, {
        ...options.steady,
        rounds,
        onProgress,
        durationMs: roundMs,
      });
      return { bench: 'webhooks', endpoints: options.endpoints, steady };
    }
    const plain: { perSecond: number; cpuMsPerEvent: number }[] = [];
    const single: Saturation[] = [];
    const batched: Saturation[] = [];
    for (let number = 1; number <= rounds; number++) {
      // Cleans up first, so that the baseline does not pay for the previous round.
      await stack.tidy();
      plain.push(await runPlain(stack, { deliveries: 20_000, number }));
      single.push(await saturateWebhooks(stack, { batch: 1, publishers, durationMs: roundMs }));
      batched.push(
        await saturateWebhooks(stack, { batch: 100, publishers: 4, durationMs: roundMs }),
      );
      const rates = [plain, single, batched].map((all) => all.at(-1)?.perSecond).join(', ');
      onProgress(`round ${number}: plain, 1 per request, 100 per request: ${rates} /s`);
    }
    const rate = (all: readonly { perSecond: number }[]) =>
      median(all.map(({ perSecond }) => perSecond));
    const perSecond = rate(single);
    const result: Record<string, unknown> = {
      bench: 'webhooks',
      endpoints: options.endpoints,
      saturation: {
        plain: { perSecond: rate(plain), cpuMsPerEvent: plain.at(-1)?.cpuMsPerEvent },
        one: { ...single.at(-1), perSecond, ratio: round(perSecond / rate(plain)) },
        batches: {
          ...batched.at(-1),
          perSecond: rate(batched),
          ratio: round(rate(batched) / rate(plain)),
        },
        lost: [...single, ...batched].reduce((sum, { lost }) => sum + lost, 0),
        duplicates: [...single, ...batched].reduce((sum, { duplicates }) => sum + duplicates, 0),
      },
    };
    await stack.tidy();
    if (wants('latency')) {
      result['latency'] = await compareLatency(stack, {
        perSecond: perSecond / 4,
        durationMs: roundMs,
        rounds,
      });
      onProgress(`at a quarter of saturation: ${JSON.stringify(result['latency'])}`);
    }
    if (wants('isolation')) {
      // The busier the two cores are, which the load and the receiver share, the more a p99 shows waiting for a core and
      // the less it shows isolation. The run at half of saturation shows the lost throughput.
      const measure = (share: number, rounds: number, durationMs: number) =>
        measureIsolation(stack, { perSecond: share * perSecond, rounds, durationMs, onProgress });
      const { isolationRounds, isolationMs } = options;
      await firstOutage(stack, { perSecond: perSecond / 16 });
      result['isolation'] = {
        atASixteenth: await measure(1 / 16, isolationRounds, isolationMs),
        atAnEighth: await measure(1 / 8, Math.ceil(isolationRounds / 3), isolationMs),
        atHalf: await measure(1 / 2, 1, 2 * roundMs),
      };
      onProgress(`three failing endpoints: ${JSON.stringify(result['isolation'])}`);
    }
    if (wants('memory')) {
      result['memory'] = await measureMemory(stack, { deliveries: options.memoryDeliveries });
      onProgress(`memory: ${JSON.stringify(result['memory'])}`);
    }
    if (wants('drain')) {
      result['drain'] = await measureDrain(stack, { waiting: options.drainEvents });
      onProgress('drained');
    }
    if (wants('matching')) result['matching'] = measureMatching();
    if (wants('kills')) {
      result['kills'] = await measureKills(stack, {
        perSecond: perSecond / 2,
        durationMs: options.killSeconds * 1_000,
        everyMs: 5_000,
      });
    }
    return result;
  } finally {
    await stack.close();
  }
}
