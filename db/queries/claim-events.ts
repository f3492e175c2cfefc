import type { ClientBase } from 'pg';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Matchers } from '../matchers.ts';
import { transact } from '../statement.ts';
import { insertDeliveries, supersedeDeliveries } from './insert-deliveries.ts';
import { lockEndpoints } from './lock-endpoints.ts';
import { matchKnown, matchUnknown } from './match-endpoints.ts';
import { numberEvents } from './number-events.ts';
import type { ClaimedEvent } from './number-events.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

export type Claim =
  /** Another relay has taken the shard over. */
  | { kind: 'fenced' }
  | {
      kind: 'claimed';
      events: number;
      /** The largest that was taken; 0 where none was. */
      lastSeq: number;
      deliveries: OutgoingDelivery[];
      /** Endpoints whose workflow has new work, once all is committed. */
      nudged: EndpointId[];
      /** Rejects where the claim was not written: then another will find the same events. */
      committed: Promise<void>;
    };

type Input = {
  shard: number;
  epoch: number;
  limit: number;
  /** Only events that were written after this one. */
  afterSeq: number;
  matchers: Matchers;
};

/**
 * Takes the next committed events of a shard: gives each its position in the feed, matches the
 * endpoints and writes the deliveries, in one transaction under the shard's row lock. One writer and
 * only committed events: no gap can appear behind a reader's cursor. Comes back while the commit is
 * under way: the events are safe already, and nobody else can take them before it has ended.
 * `client` is the relay's own, one claim after the other.
 */
export async function claimEvents(db: Database, client: ClientBase, input: Input): Promise<Claim> {
  // A plain index scan steps over what earlier claims took and remembers it as dead; a bitmap scan, which
  // the planner prefers for a short queue, reads all of it again every time.
  const { result, committed } = await transact(
    client,
    { settings: 'enable_bitmapscan = off' },
    async () => {
      const batch = await numberEvents(client, input);
      return batch && deliverAll(db, client, { ...input, batch });
    },
  );
  if (result) return { kind: 'claimed', ...result, committed };
  await committed;
  return { kind: 'fenced' };
}

async function deliverAll(
  db: Database,
  client: ClientBase,
  { batch, matchers, ...place }: Input & { batch: readonly ClaimedEvent[] },
) {
  if (batch.length === 0) return { events: 0, lastSeq: 0, deliveries: [], nudged: [] };
  const known = await matchKnown(db, { batch, matchers });
  // Two statements in one round trip: the second sees what the first has locked.
  const [locked] = await Promise.all([
    lockEndpoints(client, {
      endpointIds: [...new Set(known.map(({ delivery }) => delivery.endpoint.id))],
      resourceIds: [...new Set(batch.map(({ resourceId }) => resourceId))],
    }),
    insertDeliveries(client, { ...place, planned: known }),
  ]);
  const unknown = await matchUnknown(db, { batch, planned: known, locked });
  await insertDeliveries(client, { ...place, planned: unknown });
  const again = new Set(unknown.map(({ delivery }) => delivery.endpoint.id));
  const planned = [...known.filter(({ delivery }) => !again.has(delivery.endpoint.id)), ...unknown];
  const now = new Map(locked.map((one) => [one.id, one]));
  const stateOf = (delivery: OutgoingDelivery) => now.get(delivery.endpoint.id);
  const taken = planned.filter(({ delivery }) => stateOf(delivery)?.taker);
  await supersedeDeliveries(client, taken);
  const ours = taken.filter((one) => !one.isSuperseded && stateOf(one.delivery)?.taker === 'relay');
  const nudged = locked.filter(({ taker, isNudgeable }) => taker === 'workflow' && isNudgeable);
  const touched = new Set(taken.map(({ delivery }) => delivery.endpoint.id));
  return {
    events: batch.length,
    lastSeq: batch.at(-1)?.seq ?? 0,
    deliveries: ours.map(({ delivery }) => delivery),
    nudged: nudged.map(({ id }) => id).filter((id) => touched.has(id)),
  };
}
