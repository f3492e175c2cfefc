import { createTurns } from '../../db/turns.ts';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';

export type ComposeInTurn = <T>(endpoint: Endpoint, compose: () => T) => Promise<T>;

/**
 * Composing an event of 10,000 values takes some ms, and a hundred of them as many slices of the event loop. Composes
 * one event at a time per merchant, so that others wait for at most one of its events.
 */
export function createComposeInTurn(): ComposeInTurn {
  const take = createTurns({ atOnce: 1 });
  return async ({ merchantId, format, payload }, compose) => {
    // Sent as stored: nothing to compose.
    if (format === 'json' && payload === 'full') return compose();
    return take(merchantId, async () => {
      if (isSliceUsed()) await nextSlice();
      return compose();
    });
  };
}
