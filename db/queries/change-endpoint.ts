import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Sealer } from '../sealed.ts';
import { secretContext } from './endpoints.ts';
import { giveUpDeliveries } from './give-up-deliveries.ts';
import type { Endpoint } from './endpoints.ts';

type Whose = { merchantId: MerchantId; endpointId: EndpointId };
const isIt = ({ merchantId, endpointId }: Whose) =>
  and(eq(endpoints.id, endpointId), eq(endpoints.merchantId, merchantId));

/** What an endpoint's owner may change. */
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
 * Changes an endpoint. One that is disabled gives up what waits for it; one that is enabled again
 * starts with a clean slate. Undefined where the merchant has no such endpoint.
 */
export function changeEndpoint(
  db: Database,
  { change, ...whose }: Whose & { change: EndpointChange },
): Promise<Endpoint | undefined> {
  return db.transaction(async (tx) => {
    const isEnabled = change.status === 'enabled';
    const [endpoint] = await tx
      .update(endpoints)
      .set({
        ...change,
        // What comes while it is paused waits for its workflow, which hands it back once it is through.
        ...(change.status === undefined ? {} : { deliveryOwner: 'workflow' as const }),
        ...(isEnabled ? { disabledReason: null, failingSince: null, congestion: null } : {}),
        updatedAt: new Date(),
      })
      .where(isIt(whose))
      .returning();
    if (endpoint?.status === 'disabled')
      await giveUpDeliveries(tx, { endpointIds: [whose.endpointId], reason: 'endpoint_disabled' });
    return endpoint;
  });
}

/** Removes an endpoint; what waits for it ends dead. False where the merchant has no such endpoint. */
export function deleteEndpoint(db: Database, whose: Whose): Promise<boolean> {
  return db.transaction(async (tx) => {
    const gone = await tx.delete(endpoints).where(isIt(whose)).returning({ id: endpoints.id });
    if (gone.length === 0) return false;
    await giveUpDeliveries(tx, { endpointIds: [whose.endpointId], reason: 'endpoint_deleted' });
    return true;
  });
}

/**
 * Gives an endpoint a new secret; the one before signs too until its grace is over. Undefined where
 * the merchant has no such endpoint, or where a rotation's grace is still running: a third secret
 * would cut the first one off.
 */
export async function rotateSecret(
  { db, sealer }: { db: Database | Transaction; sealer: Sealer },
  input: Whose & { secret: string; publicKey: string | null; graceSeconds: number },
): Promise<Endpoint | undefined> {
  const { endpointId, secret, publicKey, graceSeconds } = input;
  const now = new Date();
  const hasNoGrace = or(
    isNull(endpoints.previousSecretUntil),
    // A rotation without grace is for a secret that has leaked: it never waits.
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
    .where(and(isIt(input), hasNoGrace))
    .returning();
  return endpoint;
}
