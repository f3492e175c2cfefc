import { sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { likeOf } from './list-events.ts';
import type { FeedEvent } from './list-events.ts';

/** The newest event of each resource and type, by resource and type. Patterns as in `domain/events.ts`. */
export async function latestEvents(
  db: Database,
  input: { merchantId: MerchantId; resourceIds: readonly string[]; patterns: readonly string[] },
): Promise<FeedEvent[]> {
  const { rows } = await db.execute<FeedEvent>(sql`
    select distinct on (resource_id, type) position::float8, type, body from ${events}
    where merchant_id = ${input.merchantId} and resource_id = any(${sql.param(input.resourceIds)})
      and position is not null and type like any(${sql.param(input.patterns.map(likeOf))})
    order by resource_id, type, ${events.position} desc`);
  return rows;
}
