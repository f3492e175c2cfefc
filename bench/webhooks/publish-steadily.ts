import { pace } from '../shared/load.ts';
import type { LoadResult } from '../shared/load.ts';
import type { Stack } from './stack.ts';

export type Load = { perSecond: number; durationMs: number };

/** One event a request at a steady rate, whether or not earlier ones are done. */
export function publishSteadily(
  stack: Stack,
  { perSecond, durationMs }: Load,
): Promise<LoadResult> {
  return pace({ perSecond, durationMs, operation: () => stack.publish({ count: 1 }) });
}
