import { and, eq, sql } from 'drizzle-orm';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveries, endpoints } from '../../db/schema/index.ts';
import { rssMb, round } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

type Sample = {
  atS: number;
  outstanding: number;
  /** Arrived at the endpoint that was dead. */
  arrived: number;
  workerMb: number;
  /** Arrived at the others since the sample before. */
  othersTaken: number;
};

const sampleMs = 1_000;
/** A window opens within a second or two: it is looked at oftener than all the rest. */
const windowMs = 50;
const windowsForMs = 20_000;
/** After the last of it has arrived. */
const afterwards = 15;

/**
 * Events wait for an endpoint that is dead; then it comes back. Beside it the others get a steady stream
 * all the while. A sample a second of both, for a plot, and of the window many, from when the dead one is back. What
 * was tried before that waits for its own time, minutes later: `later` says how much it was.
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
  const isDead = eq(endpoints.url, stack.addressOf(dead));
  const sinceS = (places: number) => round((performance.now() - startedMs) / 1_000, places);
  async function congestion() {
    const [row] = await stack.db.select().from(endpoints).where(isDead);
    return row?.congestion;
  }
  let othersBefore = 0;
  async function sample(): Promise<Sample> {
    const { perEndpoint } = await stack.stats();
    const [row] = await stack.db
      .select({ outstanding: sql<number>`count(*)::int` })
      .from(deliveries)
      .innerJoin(endpoints, eq(endpoints.id, deliveries.endpointId))
      .where(and(isDead, eq(deliveries.status, 'pending')));
    const arrived = perEndpoint[dead] ?? 0;
    const othersNow = Object.values(perEndpoint).reduce((sum, one) => sum + one, 0) - arrived;
    const one = {
      atS: sinceS(1),
      outstanding: row?.outstanding ?? 0,
      arrived,
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
  const backAtS = sinceS(1);
  await stack.behave({});
  const windows: { atS: number; window: number }[] = [];
  const opening = (async () => {
    const endsMs = performance.now() + windowsForMs;
    while (performance.now() < endsMs) {
      windows.push({ atS: sinceS(2), window: Math.floor((await congestion())?.window ?? 0) });
      await sleep(windowMs);
    }
  })();
  const hasDrained = async () =>
    (await sample()).outstanding < waiting / 1_000 && (await stack.isSettled());
  while (!(await hasDrained())) await sleep(sampleMs);
  for (let n = 0; n < afterwards; n++) {
    await sample();
    await sleep(sampleMs);
  }
  isOver = true;
  await Promise.all([beside, opening]);
  return { waiting, later: samples.at(-1)?.outstanding, workflows, backAtS, samples, windows };
}
