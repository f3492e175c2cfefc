import type { ClientBase } from 'pg';
import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { databaseOn } from '../database.ts';
import { dispatchCursors } from '../schema/events.ts';
import { statement, transact } from '../statement.ts';
import { insertDeliveries, supersedeDeliveries } from './insert-deliveries.ts';
import { lockEndpoints } from './lock-endpoints.ts';
import { markSuperseded, matchUnknown } from './match-endpoints.ts';
import type { PlannedDelivery } from './match-endpoints.ts';
import type { RelayedEvent } from './next-events.ts';

type Work = {
  /** Deliveries that the relay may send now, without those already sent. */
  ready: PlannedDelivery['delivery'][];
  /** Endpoints whose workflow has new work after the commit. */
  toSignal: EndpointId[];
  /** Failing endpoints that accepted a delivery. */
  recovered: EndpointId[];
};

export type Written =
  /** Another relay has taken over the shard: nothing was written. */
  | { kind: 'fenced' }
  /** `committed` rejects if the commit failed; another relay then reads the same events. */
  | ({ kind: 'written'; committed: Promise<void> } & Work);

type Input = {
  shard: number;
  epoch: number;
  /** In the order of the feed, starting with the first that is not written yet. */
  batch: readonly RelayedEvent[];
  planned: PlannedDelivery[];
};

const advance = statement<
  { shard: number },
  { shard: number; epoch: number; position: number | undefined }
>(
  'advance_cursor',
  () => sql`
  update ${dispatchCursors} set ${bare(dispatchCursors.position)} = ${sql.placeholder('position')}::bigint
  where shard = ${sql.placeholder('shard')}::int and epoch = ${sql.placeholder('epoch')}::int
  returning shard`,
);

const fenced = new Error('another relay has taken over the shard');

/**
 * Writes the deliveries of a range of the feed and advances the cursor, in one transaction under the locks of the
 * endpoints: those planned with cached endpoints, and those that only the locked rows show. Returns before the commit
 * completes. `client` is the relay's own.
 */
export async function writeDeliveries(client: ClientBase, input: Input): Promise<Written> {
  try {
    const { result, committed } = await transact(client, {}, () => writeAll(client, input));
    return { kind: 'written', committed, ...result };
  } catch (error) {
    if (error === fenced) return { kind: 'fenced' };
    throw error;
  }
}

async function writeAll(
  client: ClientBase,
  { batch, planned: all, ...place }: Input,
): Promise<Work> {
  const known = markSuperseded(all);
  // Three statements in one round trip: each sees what the previous ones have locked.
  const [held, locked] = await Promise.all([
    advance(client, { ...place, position: batch.at(-1)?.position }),
    lockEndpoints(client, {
      endpointIds: [...new Set(known.map(({ delivery }) => delivery.endpoint.id))],
      resourceIds: [...new Set(batch.map(({ resourceId }) => resourceId))],
    }),
    insertDeliveries(client, { ...place, planned: known }),
  ]);
  if (held.length === 0) throw fenced;
  const unknown = await matchUnknown(databaseOn(client), { batch, planned: known, locked });
  await insertDeliveries(client, { ...place, planned: unknown.planned });
  const planned = [...known.filter((one) => !unknown.stale.has(one)), ...unknown.planned];
  const now = new Map(locked.map((one) => [one.id, one]));
  const stateOf = ({ delivery }: PlannedDelivery) => now.get(delivery.endpoint.id);
  const taken = planned.filter((one) => stateOf(one)?.nextOwner);
  await supersedeDeliveries(client, taken);
  const ready = taken.filter(
    (one) => !one.isSent && !one.isSuperseded && stateOf(one)?.nextOwner === 'relay',
  );
  const touched = new Set(taken.map(({ delivery }) => delivery.endpoint.id));
  const delivered = new Set(
    taken.filter((one) => one.delivered).map(({ delivery }) => delivery.endpoint.id),
  );
  return {
    ready: ready.map(({ delivery }) => delivery),
    toSignal: locked
      .filter(
        ({ id, nextOwner, needsSignal }) =>
          nextOwner === 'workflow' && needsSignal && touched.has(id),
      )
      .map(({ id }) => id),
    recovered: locked
      .filter(({ id, isFailing }) => isFailing && delivered.has(id))
      .map(({ id }) => id),
  };
}
