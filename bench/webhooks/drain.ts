import { eq, sql } from 'drizzle-orm';
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
  // The last one: isolation troubles the first.
  const dead = stack.endpoints - 1;
  await stack.reset({ [dead]: { kind: 'fail' } });
  const workflowsBefore = await stack.openWorkflows();
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const others = Array.from({ length: dead }, (_, n) => n);
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
      .select({
        congestion: endpoints.congestion,
        outstanding: sql<number>`(select count(*)::int from ${deliveries}
          where ${deliveries.endpointId} = ${endpoints.id} and ${deliveries.status} = 'pending')`,
      })
      .from(endpoints)
      .where(eq(endpoints.url, stack.addressOf(dead)));
    const arrived = perEndpoint[dead] ?? 0;
    const othersNow = Object.values(perEndpoint).reduce((sum, one) => sum + one, 0) - arrived;
    const one = {
      atS: Math.round((performance.now() - startedMs) / 100) / 10,
      outstanding: row?.outstanding ?? 0,
      arrived,
      window: Math.floor(row?.congestion?.window ?? 0),
      workerMb: rssMb(stack.pids().worker),
      othersTaken: othersNow - othersBefore,
    };
    othersBefore = othersNow;
    samples.push(one);
    return one;
  }
  for (let published = 0; published < waiting; published += 1_000) {
    await stack.publish({ count: 1_000, only: [dead] });
    if (published % 10_000 === 0) await sample();
  }
  while ((await sample()).outstanding < waiting) await sleep(sampleMs);
  const workflows = [...(await stack.openWorkflows())].filter((id) => !workflowsBefore.has(id));
  const backAtS = Math.round((performance.now() - startedMs) / 100) / 10;
  await stack.behave({});
  while ((await sample()).arrived < waiting) await sleep(sampleMs);
  isOver = true;
  await beside;
  return { waiting, workflows, backAtS, samples };
}
