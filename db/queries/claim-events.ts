import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm';
import { matchesAny } from '../../domain/events.ts';
import type { EndpointId, EventId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { dispatchShards, events } from '../schema/events.ts';
import type { Transaction } from '../transaction.ts';
import { selectOutgoing } from './select-outgoing.ts';
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
  { shard, epoch, limit }: { shard: number; epoch: number; limit: number },
): Promise<Claim> {
  return db.transaction(async (tx) => {
    const batch = await numberEvents(tx, { shard, epoch, limit });
    if (!batch) return { kind: 'fenced' };
    if (batch.length === 0) return { kind: 'claimed', events: 0, deliveries: [], nudged: [] };
    const matched = await matchEndpoints(tx, batch);
    await insertDeliveries(tx, { shard, epoch, matched });
    const byWorkflow = matched.filter(({ driver }) => driver === 'workflow');
    return {
      kind: 'claimed',
      events: batch.length,
      deliveries: matched.filter(({ driver }) => driver === 'relay'),
      nudged: [...new Set(byWorkflow.map(({ endpointId }) => endpointId))],
    };
  });
}

type ClaimedEvent = { id: EventId; merchantId: MerchantId; type: string; body: string };

/** One statement: locks the shard, takes the next events in the order in which they were written, numbers them. Undefined when fenced. */
async function numberEvents(
  tx: Transaction,
  { shard, epoch, limit }: { shard: number; epoch: number; limit: number },
): Promise<ClaimedEvent[] | undefined> {
  // A plain index scan steps over what earlier claims took and remembers it as dead; a bitmap scan, which
  // the planner prefers for a short queue, reads all of it again every time.
  await tx.execute(sql`set local enable_bitmapscan = off`);
  const { rows } = await tx.execute<ClaimedEvent>(sql`
    with held as (
      select last_position from ${dispatchShards}
      where shard = ${shard} and epoch = ${epoch} for update),
    waiting as (
      select id, seq from ${events}
      where shard = ${shard} and position is null and exists (select from held)
      order by seq limit ${limit}),
    batch as (select id, row_number() over (order by seq) as n from waiting),
    numbered as (
      update ${events} set position = held.last_position + batch.n from batch, held
      where ${events.id} = batch.id
      returning ${events.id}, merchant_id, type, body, position),
    advanced as (
      update ${dispatchShards} set last_position = held.last_position + (select count(*) from batch)
      from held where ${dispatchShards.shard} = ${shard} and exists (select from batch))
    select id, merchant_id as "merchantId", type, body, position from numbered
    union all select null, null, null, null, null from held where not exists (select from batch)
    order by position`);
  if (rows.length === 0) return undefined;
  return rows.filter(({ id }) => id !== null);
}

async function matchEndpoints(tx: Transaction, batch: readonly ClaimedEvent[]) {
  const listening = await tx
    .select()
    .from(endpoints)
    .where(
      and(
        inArray(endpoints.merchantId, [...new Set(batch.map(({ merchantId }) => merchantId))]),
        eq(endpoints.status, 'enabled'),
      ),
    )
    // Holds off the flip of `driver` until these deliveries are visible to whoever flips it.
    .for('share');
  return batch.flatMap((event) =>
    listening
      .filter(
        (endpoint) =>
          endpoint.merchantId === event.merchantId && matchesAny(endpoint.eventTypes, event.type),
      )
      .map((endpoint) => ({
        eventId: event.id,
        endpointId: endpoint.id,
        url: endpoint.url,
        sealedSecret: endpoint.sealedSecret,
        driver: endpoint.driver,
        body: event.body,
        attempts: 0,
      })),
  );
}

type MatchedDelivery = Awaited<ReturnType<typeof matchEndpoints>>[number];

async function insertDeliveries(
  tx: Transaction,
  { shard, epoch, matched }: { shard: number; epoch: number; matched: readonly MatchedDelivery[] },
): Promise<void> {
  if (matched.length === 0) return;
  await tx.execute(sql`
    insert into ${deliveries} (event_id, endpoint_id, driver, shard, epoch, next_attempt_at)
    select event_id, endpoint_id, driver, ${shard}, ${epoch}, now()
    from unnest(
      ${sql.param(matched.map(({ eventId }) => eventId))}::text[],
      ${sql.param(matched.map(({ endpointId }) => endpointId))}::text[],
      ${sql.param(matched.map(({ driver }) => driver))}::text[]
    ) as matched(event_id, endpoint_id, driver)`);
}

/** First attempts that an earlier relay of this shard took and did not finish, with all it takes to send them. */
export async function takeOverDeliveries(
  db: Database,
  { shard, epoch, limit }: { shard: number; epoch: number; limit: number },
): Promise<OutgoingDelivery[]> {
  const abandoned = db
    .select({ eventId: deliveries.eventId, endpointId: deliveries.endpointId })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.shard, shard),
        eq(deliveries.status, 'pending'),
        eq(deliveries.driver, 'relay'),
        lt(deliveries.epoch, epoch),
      ),
    )
    .limit(limit);
  const taken = await db
    .update(deliveries)
    .set({ epoch })
    .where(sql`(${deliveries.eventId}, ${deliveries.endpointId}) in ${abandoned}`)
    .returning({ eventId: deliveries.eventId, endpointId: deliveries.endpointId });
  if (taken.length === 0) return [];
  return selectOutgoing(db)
    .where(
      sql`(${deliveries.eventId}, ${deliveries.endpointId}) in (
        select * from unnest(
          ${sql.param(taken.map(({ eventId }) => eventId))}::text[],
          ${sql.param(taken.map(({ endpointId }) => endpointId))}::text[]))`,
    )
    .orderBy(asc(deliveries.eventId));
}
