import { and, eq, exists, isNull, or, sql } from 'drizzle-orm';
import type { EndpointId, MerchantId } from '../../../domain/ids.ts';
import type { Address, Participant } from '../../../domain/participant.ts';
import type { Database } from '../../database.ts';
import { endpoints } from '../../schema/endpoints.ts';
import { merchants } from '../../schema/merchants.ts';
import { contacts } from '../../schema/messaging.ts';

/**
 * Resolves an address that `merchantId` may write to: its own, or another merchant's that has allowed it. Undefined
 * otherwise, so that nobody learns who exists.
 */
export async function findParticipant(
  db: Database,
  { merchantId, address }: { merchantId: MerchantId; address: Address },
): Promise<Participant | undefined> {
  const mayWrite = or(
    eq(merchants.id, merchantId),
    exists(
      db
        .select({ one: sql`1` })
        .from(contacts)
        .where(and(eq(contacts.merchantId, merchants.id), eq(contacts.contactId, merchantId))),
    ),
  );
  const select = db.select({ merchantId: merchants.id }).from(merchants);
  const [found] = isEndpoint(address)
    ? await select
        .innerJoin(endpoints, eq(endpoints.merchantId, merchants.id))
        // Excludes the endpoints of single orders, which are part of their order, and brokers, which cannot reply.
        .where(
          and(
            eq(endpoints.id, address),
            isNull(endpoints.resourceId),
            isNull(endpoints.destination),
            mayWrite,
          ),
        )
    : await select.where(and(eq(merchants.id, address), mayWrite));
  return found && { address, merchantId: found.merchantId };
}

export function isEndpoint(address: Address): address is EndpointId {
  return address.startsWith('ep_');
}
