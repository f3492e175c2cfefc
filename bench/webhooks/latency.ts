import pg from 'pg';
import { Agent, request } from 'undici';
import { bodyOf } from '../relay/add-events.ts';
import { round } from '../shared/cpu.ts';
import { median } from '../shared/figures.ts';
import { pace } from '../shared/load.ts';
import { publishSteadily } from './publish-steadily.ts';
import type { Load } from './publish-steadily.ts';
import type { Stack } from './stack.ts';

/**
 * Compares the latency from publish to first arrival with the floor, alternately; medians, because the host load
 * varies.
 */
export async function compareLatency(stack: Stack, { rounds, ...load }: Load & { rounds: number }) {
  const floors: Awaited<ReturnType<typeof measureFloor>>[] = [];
  const arrivals: Awaited<ReturnType<typeof measureLatency>>[] = [];
  for (let number = 0; number < rounds; number++) {
    floors.push(await measureFloor(stack, load));
    arrivals.push(await measureLatency(stack, load));
  }
  const ratios = arrivals.map(({ p50Ms }, number) => round(p50Ms / floors[number]!.sumMs));
  return { floors, arrivals, ratio: median(ratios), ratios };
}

/** The latency from publish to first arrival at a steady rate, one event per request. */
async function measureLatency(stack: Stack, { perSecond, durationMs }: Load) {
  await stack.reset();
  await publishSteadily(stack, { perSecond, durationMs });
  const { latencyMs, taken } = await stack.stats();
  return {
    perSecond: round(perSecond),
    taken,
    p50Ms: round(latencyMs.p50),
    p95Ms: round(latencyMs.p95),
    p99Ms: round(latencyMs.p99),
  };
}

/** The floor of any implementation: a plain POST to the endpoint and one committed row, each as p50. */
async function measureFloor(stack: Stack, { perSecond, durationMs }: Load) {
  const agent = new Agent({ connections: 64 });
  const client = new pg.Pool({ connectionString: stack.databaseUrl, max: 8 });
  await client.query('create table if not exists bench_floor (id bigint, body text)');
  const posts: number[] = [];
  const commits: number[] = [];
  const body = bodyOf('evt_floor');
  await pace({
    perSecond,
    durationMs,
    operation: async () => {
      const startedMs = performance.now();
      const response = await request(`${stack.receiverUrl}/e/floor`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json', 'webhook-id': `floor-${posts.length}` },
        body,
      });
      await response.body.dump();
      posts.push(performance.now() - startedMs);
      const committedMs = performance.now();
      await client.query('insert into bench_floor values ($1, $2)', [commits.length, body]);
      commits.push(performance.now() - committedMs);
    },
  });
  await client.end();
  await agent.destroy();
  const [postMs, commitMs] = [median(posts), median(commits)];
  return { postMs: round(postMs), commitMs: round(commitMs), sumMs: round(postMs + commitMs) };
}
