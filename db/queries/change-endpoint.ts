import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Sealer } from '../sealed.ts';
import { secretContext } from './endpoints.ts';
import { giveUpDeliveries } from './give-up-deliveries.ts';
import type { Endpoint } from './endpoints.ts';

type EndpointKey = { merchantId: MerchantId; endpointId: EndpointId };
const isEndpointOf = ({ merchantId, endpointId }: EndpointKey) =>
  and(eq(endpoints.id, endpointId), eq(endpoints.merchantId, merchantId));

/** The fields that an endpoint's owner may change. */
export type EndpointChange = Partial<
  Pick<
    Endpoint,
    | 'url'
    | 'destination'
    | 'eventTypes'
    | 'channels'
    | 'filter'
    | 'rules'
    | 'payload'
    | 'format'
    | 'ordering'
    | 'ratePerSecond'
    | 'maxConcurrency'
    | 'retrySeconds'
    | 'sealedAccess'
    | 'auth'
    | 'headerNames'
    | 'description'
    | 'metadata'
    | 'status'
    | 'disabledReason'
  >
>;

/**
 * Changes an endpoint. Disabling ends its waiting deliveries; enabling resets its failures. Undefined if the merchant
 * has no such endpoint.
 */
export function changeEndpoint(
  db: Database,
  { change, ...key }: EndpointKey & { change: EndpointChange },
): Promise<Endpoint | undefined> {
  return db.transaction(async (tx) => {
    const isEnabled = change.status === 'enabled';
    const [endpoint] = await tx
      .update(endpoints)
      .set({
        ...change,
        // Deliveries of a paused endpoint wait with its workflow, which hands it back after them.
        ...(change.status === undefined ? {} : { deliveryOwner: 'workflow' as const }),
        ...(isEnabled ? { disabledReason: null, failingSince: null, congestion: null } : {}),
        updatedAt: new Date(),
      })
      .where(isEndpointOf(key))
      .returning();
    if (endpoint?.status === 'disabled')
      await giveUpDeliveries(tx, { endpointIds: [key.endpointId], reason: 'endpoint_disabled' });
    return endpoint;
  });
}

/** Deletes an endpoint; its waiting deliveries end `dead`. False if the merchant has no such endpoint. */
export function deleteEndpoint(db: Database, key: EndpointKey): Promise<boolean> {
  return db.transaction(async (tx) => {
    const gone = await tx
      .delete(endpoints)
      .where(isEndpointOf(key))
      .returning({ id: endpoints.id });
    if (gone.length === 0) return false;
    await giveUpDeliveries(tx, { endpointIds: [key.endpointId], reason: 'endpoint_deleted' });
    return true;
  });
}

/**
 * Gives an endpoint a new secret; the previous one also signs during the grace period. Undefined if the merchant has no
 * such endpoint, or if the grace period of an earlier rotation is still running: a third secret would cut off the
 * first.
 */
export async function rotateSecret(
  { db, sealer }: { db: Database | Transaction; sealer: Sealer },
  input: EndpointKey & { secret: string; publicKey: string | null; graceSeconds: number },
): Promise<Endpoint | undefined> {
  const { endpointId, secret, publicKey, graceSeconds } = input;
  const now = new Date();
  const hasNoGrace = or(
    isNull(endpoints.previousSecretUntil),
    // A rotation without grace is for a leaked secret and never waits.
    graceSeconds === 0 ? sql`true` : sql`not ${gt(endpoints.previousSecretUntil, now)}`,
  );
  const [endpoint] = await db
    .update(endpoints)
    .set({
      sealedSecret: sealer.seal(secret, secretContext(endpointId)),
      publicKey,
      previousSealedSecret: graceSeconds === 0 ? null : sql`${endpoints.sealedSecret}`,
      previousPublicKey: graceSeconds === 0 ? null : sql`${endpoints.publicKey}`,
      previousSecretUntil:
        graceSeconds === 0 ? null : new Date(now.getTime() + graceSeconds * 1_000),
      updatedAt: now,
    })
    .where(and(isEndpointOf(input), hasNoGrace))
    .returning();
  return endpoint;
}
