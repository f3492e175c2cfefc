import { setTimeout as sleep } from 'node:timers/promises';

export type LoadResult = { done: number; perSecond: number; failed: number };

/** Keeps `inFlight` operations going for a time: the throughput at saturation. */
export async function saturate(input: {
  inFlight: number;
  durationMs: number;
  operation: () => Promise<void>;
}): Promise<LoadResult> {
  const startedMs = performance.now();
  const endsMs = startedMs + input.durationMs;
  const count = { done: 0, failed: 0 };
  const one = async () => {
    while (performance.now() < endsMs) await counted(input.operation, count);
  };
  await Promise.all(Array.from({ length: input.inFlight }, one));
  // Counted to the last completion, so that the tail is paid for too.
  const seconds = (performance.now() - startedMs) / 1_000;
  return { ...count, perSecond: count.done / seconds };
}

/** Begins operations at a steady rate, whether or not earlier ones are done. */
export async function pace(input: {
  perSecond: number;
  durationMs: number;
  operation: () => Promise<void>;
}): Promise<LoadResult> {
  const startedMs = performance.now();
  const count = { done: 0, failed: 0 };
  let underWay = 0;
  let hear = () => {};
  const begin = async () => {
    underWay += 1;
    await counted(input.operation, count);
    underWay -= 1;
    if (underWay === 0) hear();
  };
  const total = Math.max(1, Math.floor((input.durationMs / 1_000) * input.perSecond));
  for (let begun = 0; begun < total; begun++) {
    const waitMs = startedMs + (begun * 1_000) / input.perSecond - performance.now();
    // Node's shortest wait is 1 ms: whoever waits each time begins no more than a thousand a second.
    if (waitMs > 0) await sleep(waitMs);
    void begin();
  }
  // A list of all that was begun would be collected again and again, in the time of those that are measured.
  if (underWay > 0) await new Promise<void>((resolve) => (hear = resolve));
  return { ...count, perSecond: count.done / ((performance.now() - startedMs) / 1_000) };
}

async function counted(
  operation: () => Promise<void>,
  count: { done: number; failed: number },
): Promise<void> {
  try {
    await operation();
    count.done += 1;
  } catch (error) {
    count.failed += 1;
    if (count.failed === 1) process.stderr.write(`first failure: ${String(error)}\n`);
  }
}
