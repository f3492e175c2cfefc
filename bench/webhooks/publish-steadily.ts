import { pace } from '../shared/load.ts';
import type { LoadResult } from '../shared/load.ts';
import type { Stack } from './stack.ts';

export type Load = { perSecond: number; durationMs: number };

/** Publishes one event per request at a steady rate, whether or not earlier requests are done. */
export function publishSteadily(
  stack: Stack,
  { perSecond, durationMs }: Load,
): Promise<LoadResult> {
  return pace({ perSecond, durationMs, operation: () => stack.publish({ count: 1 }) });
}
