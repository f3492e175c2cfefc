import { createTurns } from '../../db/turns.ts';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';

export type ComposeInTurn = <T>(endpoint: Endpoint, compose: () => T) => Promise<T>;

/**
 * Composes an event of 10,000 values in some ms, and a hundred of them in as many slices of the event loop. One at a
 * time for each merchant: all others, who wait for a slice too, have no more than one of its events before them.
 */
export function createComposeInTurn(): ComposeInTurn {
  const take = createTurns({ atOnce: 1 });
  return async ({ merchantId, format, payload }, compose) => {
    // As it is stored: there is nothing to do.
    if (format === 'json' && payload === 'full') return compose();
    return take(merchantId, async () => {
      if (isSliceUsed()) await nextSlice();
      return compose();
    });
  };
}
