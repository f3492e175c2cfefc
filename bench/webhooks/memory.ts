import { setTimeout as sleep } from 'node:timers/promises';
import { rssMb } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

const samples = 20;

/** Samples the memory of the worker and the API in MB during many deliveries. */
export async function measureMemory(stack: Stack, { deliveries }: { deliveries: number }) {
  await stack.reset();
  const firstEver = stack.published();
  const { worker, api } = stack.pids();
  const workerMb: number[] = [];
  const apiMb: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const target = ((sample + 1) * deliveries) / samples;
    while (stack.published() - firstEver < target) {
      await stack.publish({ count: 100 });
      if (stack.published() - firstEver - (await stack.taken()) > 2_000) await sleep(20);
    }
    while ((await stack.taken()) < stack.published() - firstEver) await sleep(20);
    workerMb.push(rssMb(worker));
    apiMb.push(rssMb(api));
  }
  return { deliveries, workerMb, apiMb };
}
