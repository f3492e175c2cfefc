import { and, eq, sql } from 'drizzle-orm';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveries, endpoints } from '../../db/schema/index.ts';
import { rssMb, round } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

type Sample = {
  atS: number;
  outstanding: number;
  /** Arrivals at the endpoint that was dead. */
  arrived: number;
  workerMb: number;
  /** Arrivals at the other endpoints since the previous sample. */
  othersTaken: number;
};

const sampleMs = 1_000;
/** The window opens within a second or two, so it is sampled more often than the rest. */
const windowMs = 50;
const windowsForMs = 20_000;
/** The number of samples after the last arrival. */
const samplesAfterDrain = 15;

/**
 * Publishes events to a dead endpoint, lets it recover, and drains it, while the other endpoints get a steady stream.
 * Samples both every second for a plot, and the window more often after the recovery. Events that had failed attempts
 * before the recovery wait for their retry, minutes later: `later` counts them.
 */
export async function measureDrain(stack: Stack, { waiting }: { waiting: number }) {
  // The last one, because the isolation bench uses the first ones.
  const dead = stack.endpoints - 1;
  await stack.reset({ [dead]: { kind: 'fail' } });
  const workflowsBefore = await stack.openWorkflows();
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const others = Array.from({ length: dead }, (_, n) => n);
  let isOver = false;
  const publishToOthers = (async () => {
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
  for (let n = 0; n < samplesAfterDrain; n++) {
    await sample();
    await sleep(sampleMs);
  }
  isOver = true;
  await Promise.all([publishToOthers, opening]);
  return { waiting, later: samples.at(-1)?.outstanding, workflows, backAtS, samples, windows };
}
