import { sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { likeOf } from './list-events.ts';
import type { FeedEvent } from './list-events.ts';

/** The limits of one answer. */
export const latestRoom = { events: 1_000, bytes: 4 * 1_024 * 1_024 };

/**
 * The newest event of each resource and type, by resource and type. Patterns as in `domain/events.ts`. Undefined if
 * they exceed one answer's limits.
 */
export async function latestEvents(
  db: Database,
  input: { merchantId: MerchantId; resourceIds: readonly string[]; patterns: readonly string[] },
): Promise<FeedEvent[] | undefined> {
  const { rows } = await db.execute<FeedEvent | { body: null }>(sql`
    with latest as (
      select distinct on (resource_id, type) position, type, body, resource_id from ${events}
      where merchant_id = ${input.merchantId} and resource_id = any(${sql.param(input.resourceIds)})
        and position is not null and type like any(${sql.param(input.patterns.map(likeOf))})
      order by resource_id, type, ${events.position} desc
      limit ${latestRoom.events + 1}),
    sized as (
      select position, type, body, resource_id,
        sum(octet_length(body)) over (order by resource_id, type rows unbounded preceding) as bytes
      from latest)
    select position::float8, type, case when bytes <= ${latestRoom.bytes} then body end as body
    from sized order by resource_id, type`);
  const found = rows.filter((row): row is FeedEvent => row.body !== null);
  return found.length === rows.length && rows.length <= latestRoom.events ? found : undefined;
}
