import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Matchers } from '../matchers.ts';
import { transact } from '../statement.ts';
import { insertDeliveries, supersedeDeliveries } from './insert-deliveries.ts';
import { matchEndpoints } from './match-endpoints.ts';
import type { MatchedDelivery } from './match-endpoints.ts';
import { numberEvents } from './number-events.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

export type Claim =
  /** Another relay has taken the shard over. */
  | { kind: 'fenced' }
  | {
      kind: 'claimed';
      events: number;
      deliveries: OutgoingDelivery[];
      /** Endpoints whose workflow has new work. */
      nudged: EndpointId[];
    };

/**
 * Takes the next committed events of a shard: gives each its position in the feed, matches the
 * endpoints and writes the deliveries, in one transaction under the shard's row lock. One writer and
 * only committed events: no gap can appear behind a reader's cursor.
 */
export function claimEvents(
  db: Database,
  input: { shard: number; epoch: number; limit: number; matchers: Matchers },
): Promise<Claim> {
  // A plain index scan steps over what earlier claims took and remembers it as dead; a bitmap scan, which
  // the planner prefers for a short queue, reads all of it again every time.
  return transact(db, { settings: 'enable_bitmapscan = off' }, async (tx) => {
    const batch = await numberEvents(tx, input);
    if (!batch) return { kind: 'fenced' };
    if (batch.length === 0) return { kind: 'claimed', events: 0, deliveries: [], nudged: [] };
    const matched = await matchEndpoints({ tx, db, batch, matchers: input.matchers });
    await insertDeliveries(tx, { ...input, matched });
    await supersedeDeliveries(tx, matched);
    const isOurs = ({ driver, isSuperseded }: MatchedDelivery) =>
      driver === 'relay' && !isSuperseded;
    const isNudged = ({ driver, isNudgeable }: MatchedDelivery) =>
      driver === 'workflow' && isNudgeable;
    return {
      kind: 'claimed',
      events: batch.length,
      deliveries: matched.filter(isOurs).map(({ delivery }) => delivery),
      nudged: [...new Set(matched.filter(isNudged).map(({ delivery }) => delivery.endpoint.id))],
    };
  });
}
