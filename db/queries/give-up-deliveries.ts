import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { deliveries } from '../schema/endpoints.ts';
import type { EndReason } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Ends the waiting deliveries of endpoints that receive nothing more, as dead letters. Returns the number per endpoint.
 */
export async function giveUpDeliveries(
  tx: Transaction,
  { endpointIds, reason }: { endpointIds: readonly EndpointId[]; reason: EndReason },
): Promise<ReadonlyMap<EndpointId, number>> {
  const { rows } = await tx.execute<{ id: EndpointId; count: number }>(sql`
    with ended as (
      update ${deliveries} set ${bare(deliveries.status)} = 'dead',
        ${bare(deliveries.endReason)} = ${reason},
        ${bare(deliveries.nextAttemptAt)} = null,
        ${bare(deliveries.endedAt)} = now()
      where endpoint_id = any(${sql.param([...endpointIds])}::text[]) and status = 'pending'
      returning endpoint_id)
    select endpoint_id as id, count(*)::int as count from ended group by endpoint_id`);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
