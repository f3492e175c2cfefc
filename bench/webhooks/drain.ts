import { sql } from 'drizzle-orm';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveries, endpoints } from '../../db/schema/index.ts';
import { rssMb } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

type Sample = {
  atS: number;
  outstanding: number;
  /** Arrived at the endpoint that was dead. */
  arrived: number;
  window: number;
  workerMb: number;
  /** Arrived at the others since the sample before. */
  othersTaken: number;
};

const sampleMs = 1_000;

/**
 * Events wait for an endpoint that is dead; then it comes back. Beside it the others get a steady stream
 * all the while. A sample a second of both, for a plot.
 */
export async function measureDrain(stack: Stack, { waiting }: { waiting: number }) {
  await stack.reset({ '0': { kind: 'fail' } });
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const others = Array.from({ length: stack.endpoints - 1 }, (_, n) => n + 1);
  let isOver = false;
  const beside = (async () => {
    while (!isOver) {
      await stack.publish({ count: 10, only: others });
      await sleep(100);
    }
  })();
  let othersBefore = 0;
  async function sample(): Promise<Sample> {
    const { perEndpoint } = await stack.stats();
    const [row] = await stack.db
      .select({ outstanding: sql<number>`count(*)::int` })
      .from(deliveries)
      .where(sql`${deliveries.status} = 'pending'`);
    const [troubled] = await stack.db
      .select({ congestion: endpoints.congestion })
      .from(endpoints)
      .where(sql`${endpoints.driver} = 'workflow'`);
    const arrived = perEndpoint['0'] ?? 0;
    const othersNow = Object.values(perEndpoint).reduce((sum, one) => sum + one, 0) - arrived;
    const one = {
      atS: Math.round((performance.now() - startedMs) / 100) / 10,
      outstanding: row?.outstanding ?? 0,
      arrived,
      window: Math.floor(troubled?.congestion?.window ?? 0),
      workerMb: rssMb(stack.pids().worker),
      othersTaken: othersNow - othersBefore,
    };
    othersBefore = othersNow;
    samples.push(one);
    return one;
  }
  for (let published = 0; published < waiting; published += 1_000) {
    await stack.publish({ count: 1_000, only: [0] });
    if (published % 10_000 === 0) await sample();
  }
  while ((await sample()).outstanding < waiting) await sleep(sampleMs);
  const workflows = await stack.openEndpointWorkflows();
  const backAtS = Math.round((performance.now() - startedMs) / 100) / 10;
  await stack.behave({});
  while ((await sample()).arrived < waiting) await sleep(sampleMs);
  isOver = true;
  await beside;
  return { waiting, workflows, backAtS, samples };
}
