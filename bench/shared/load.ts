import { setTimeout as sleep } from 'node:timers/promises';

export type LoadResult = { done: number; perSecond: number; failed: number };

/** Measures the throughput at saturation: keeps `inFlight` operations running for `durationMs`. */
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
  // Measured to the last completion, so that the tail counts too.
  const seconds = (performance.now() - startedMs) / 1_000;
  return { ...count, perSecond: count.done / seconds };
}

/** Starts operations at a steady rate, whether or not earlier ones are done. */
export async function pace(input: {
  perSecond: number;
  durationMs: number;
  operation: () => Promise<void>;
}): Promise<LoadResult> {
  const startedMs = performance.now();
  const count = { done: 0, failed: 0 };
  let running = 0;
  let onIdle = () => {};
  const begin = async () => {
    running += 1;
    await counted(input.operation, count);
    running -= 1;
    if (running === 0) onIdle();
  };
  const total = Math.max(1, Math.floor((input.durationMs / 1_000) * input.perSecond));
  for (let started = 0; started < total; started++) {
    const waitMs = startedMs + (started * 1_000) / input.perSecond - performance.now();
    // Node's shortest timer is 1 ms, so waiting before each operation would limit the rate to 1,000 per second.
    if (waitMs > 0) await sleep(waitMs);
    void begin();
  }
  // A counter, because garbage collection of a list of all promises would disturb the measurement.
  if (running > 0) await new Promise<void>((resolve) => (onIdle = resolve));
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
