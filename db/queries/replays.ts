import { and, asc, eq, gt, gte, lt, sql } from 'drizzle-orm';
import { matchesAny } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { EndpointId, EventId, MerchantId, ReplayId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { deliveries, replays } from '../schema/endpoints.ts';
import { events } from '../schema/events.ts';
import { requeueDeliveries } from './requeue-deliveries.ts';

export type Replay = typeof replays.$inferSelect;

export async function insertReplay(
  db: Database | Transaction,
  input: {
    merchantId: MerchantId;
    endpointId: EndpointId;
    kind: Replay['kind'];
    eventTypes: string[];
    since: Date;
    until: Date;
  },
): Promise<Replay> {
  const [replay] = await db
    .insert(replays)
    .values({ id: newId('replay'), ...input })
    .returning();
  return replay!;
}

export async function findReplay(
  db: Database,
  { merchantId, replayId }: { merchantId: MerchantId; replayId: ReplayId },
): Promise<Replay | undefined> {
  const [replay] = await db
    .select()
    .from(replays)
    .where(and(eq(replays.id, replayId), eq(replays.merchantId, merchantId)));
  return replay;
}

/** Cancels a replay at its position; queued deliveries are still sent. Undefined if there is none. */
export async function cancelReplay(
  db: Database,
  { merchantId, replayId }: { merchantId: MerchantId; replayId: ReplayId },
): Promise<Replay | undefined> {
  await db
    .update(replays)
    .set({ status: 'cancelled', endedAt: sql`now()` })
    .where(
      and(
        eq(replays.id, replayId),
        eq(replays.merchantId, merchantId),
        eq(replays.status, 'running'),
      ),
    );
  return findReplay(db, { merchantId, replayId });
}

/** Running replays whose workflow may be missing, as after a Temporal outage at their creation. */
export function findRunningReplays(
  db: Database,
  { olderThanSeconds, limit }: { olderThanSeconds: number; limit: number },
): Promise<{ id: ReplayId }[]> {
  return db
    .select({ id: replays.id })
    .from(replays)
    .where(
      and(
        eq(replays.status, 'running'),
        lt(replays.createdAt, sql`now() - make_interval(secs => ${olderThanSeconds})`),
      ),
    )
    .limit(limit);
}

/**
 * Advances a replay by one step under its row lock: examines the next events of its period, queues those selected, and
 * stores the position. A repeat continues from there. Undefined if there is no such replay.
 */
export function advanceReplay(
  db: Database,
  { replayId, limit }: { replayId: ReplayId; limit: number },
): Promise<{ replay: Replay; isOver: boolean } | undefined> {
  return db.transaction(async (tx) => {
    const [replay] = await tx.select().from(replays).where(eq(replays.id, replayId)).for('update');
    if (!replay) return undefined;
    if (replay.status !== 'running') return { replay, isOver: true };
    const next = await tx
      .select({
        id: events.id,
        type: events.type,
        position: events.position,
        status: deliveries.status,
      })
      .from(events)
      .leftJoin(
        deliveries,
        and(eq(deliveries.eventId, events.id), eq(deliveries.endpointId, replay.endpointId)),
      )
      .where(
        and(
          eq(events.merchantId, replay.merchantId),
          gt(events.position, replay.position),
          gte(events.createdAt, replay.since),
          lt(events.createdAt, replay.until),
        ),
      )
      .orderBy(asc(events.position))
      .limit(limit);
    const isLost = (status: string | null) => status === 'dead' || status === 'dropped';
    const eventIds: EventId[] = next
      .filter(({ type }) => matchesAny(replay.eventTypes, type))
      .filter(({ status }) => replay.kind === 'replay' || isLost(status))
      .map(({ id }) => id);
    const queued = await requeueDeliveries(tx, { endpointId: replay.endpointId, eventIds });
    const isOver = next.length < limit;
    const [after] = await tx
      .update(replays)
      .set({
        position: next.at(-1)?.position ?? replay.position,
        lookedAt: replay.lookedAt + next.length,
        queued: replay.queued + queued,
        ...(isOver ? { status: 'done' as const, endedAt: sql`now()` } : {}),
      })
      .where(eq(replays.id, replayId))
      .returning();
    return { replay: after!, isOver };
  });
}
