import type { compareLatency } from './latency.ts';
import type { measureDrain } from './drain.ts';
import type { measureIsolation } from './isolation.ts';
import type { measureKills } from './kills.ts';
import type { measureMatching } from './matching.ts';
import type { measureMemory } from './memory.ts';
import type { Saturation } from './saturate.ts';

export type Drain = Awaited<ReturnType<typeof measureDrain>>;
type Isolation = Awaited<ReturnType<typeof measureIsolation>>;

/** The result of `benchWebhooks` without `--rate`; parts that were not selected are absent. */
export type WebhooksResult = {
  bench: 'webhooks';
  endpoints: number;
  saturation: {
    plain: { perSecond: number; cpuMsPerEvent: number | undefined };
    one: Saturation & { ratio: number };
    batches: Saturation & { ratio: number };
    lost: number;
    duplicates: number;
  };
  latency?: Awaited<ReturnType<typeof compareLatency>>;
  isolation?: { atASixteenth: Isolation; atAnEighth: Isolation; atHalf: Isolation };
  memory?: Awaited<ReturnType<typeof measureMemory>>;
  drain?: Drain;
  matching?: ReturnType<typeof measureMatching>;
  kills?: Awaited<ReturnType<typeof measureKills>>;
};
