import { and, eq, inArray, sql } from 'drizzle-orm';
import { disabledAlert } from '../../domain/endpoint-alert.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { endpoints } from '../schema/endpoints.ts';
import { events } from '../schema/events.ts';
import { merchants } from '../schema/merchants.ts';
import type { Transaction } from '../transaction.ts';
import { giveUpDeliveries } from './give-up-deliveries.ts';
import { newEvent } from './new-event.ts';

/**
 * Standard Webhooks leaves the limit to the sender; an endpoint that fails for five days does not recover by itself.
 */
const givenUpAfter = sql`interval '5 days'`;

/**
 * Disables endpoints that answered 410, and those of `failing` that have only failed for five days. Their waiting
 * deliveries end `dead`, and their merchants get an event. Returns the disabled ones.
 */
export async function disableEndpoints(
  tx: Transaction,
  { gone, failing }: { gone: readonly EndpointId[]; failing: readonly EndpointId[] },
): Promise<EndpointId[]> {
  const reason = sql`case when ${endpoints.id} = any(${sql.param([...gone])}::text[])
    then 'the receiver answered 410 Gone' else 'it has failed for five days' end`;
  const disabled = await tx
    .update(endpoints)
    .set({ status: 'disabled', disabledReason: reason, updatedAt: new Date() })
    .where(
      and(
        inArray(endpoints.id, [...new Set([...gone, ...failing])]),
        eq(endpoints.status, 'enabled'),
        sql`(${endpoints.id} = any(${sql.param([...gone])}::text[])
          or ${endpoints.failingSince} < now() - ${givenUpAfter})`,
      ),
    )
    .returning();
  if (disabled.length === 0) return [];
  const ids = disabled.map(({ id }) => id);
  const deadLetters = await giveUpDeliveries(tx, {
    endpointIds: ids,
    reason: 'endpoint_disabled',
  });
  const owners = await tx
    .select({ id: merchants.id, shard: merchants.shard })
    .from(merchants)
    .where(inArray(merchants.id, [...new Set(disabled.map(({ merchantId }) => merchantId))]));
  const shards = new Map(owners.map(({ id, shard }) => [id, shard]));
  const at = new Date();
  await tx.insert(events).values(
    disabled.map(({ id, merchantId, url, disabledReason, failingSince }) => {
      const count = deadLetters.get(id) ?? 0;
      return newEvent({
        merchantId,
        shard: shards.get(merchantId) ?? 0,
        type: 'endpoint.disabled',
        resourceId: id,
        data: {
          id,
          object: 'endpoint',
          url,
          disabledReason,
          failingSince: failingSince?.toISOString() ?? null,
          deadLetters: count,
          alert: disabledAlert({
            id,
            url,
            deadLetters: count,
            reason: disabledReason ?? '',
            failingSince: failingSince ?? at,
          }),
        },
        at,
      });
    }),
  );
  return ids;
}
