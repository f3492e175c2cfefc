import { and, desc, eq, gt, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { Id, MerchantId, PortalLinkId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { portalLinks } from '../schema/endpoints.ts';
import { apiKeys, merchants } from '../schema/merchants.ts';
import type { Merchant } from './merchants.ts';

export type PortalLink = {
  id: PortalLinkId;
  madeByKey: Id<'apiKey'>;
  createdAt: Date;
  expiresAt: Date;
};

/** A link is valid until it expires or the key that created it is revoked or expired. */
const isValid = and(
  gt(portalLinks.expiresAt, sql`now()`),
  or(
    isNull(portalLinks.madeByKey),
    and(
      isNotNull(apiKeys.id),
      isNull(apiKeys.revokedAt),
      or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
    ),
  ),
);

/** Stores a link's hash until it expires; deletes expired links on the way. */
export async function insertPortalLink(
  db: Database,
  input: {
    id: PortalLinkId;
    tokenHash: string;
    merchantId: MerchantId;
    madeByKey: Id<'apiKey'>;
    expiresAt: Date;
  },
): Promise<void> {
  await db.delete(portalLinks).where(lt(portalLinks.expiresAt, sql`now()`));
  await db.insert(portalLinks).values(input);
}

/** The merchant whose pages a token opens, and until when; undefined once it has ended. */
export async function findPortalMerchant(
  db: Database,
  { tokenHash }: { tokenHash: string },
): Promise<{ merchant: Merchant; expiresAt: Date } | undefined> {
  const [row] = await db
    .select({ merchant: merchants, expiresAt: portalLinks.expiresAt })
    .from(portalLinks)
    .innerJoin(merchants, eq(merchants.id, portalLinks.merchantId))
    .leftJoin(apiKeys, eq(apiKeys.id, portalLinks.madeByKey))
    .where(and(eq(portalLinks.tokenHash, tokenHash), isValid));
  return row;
}

/** A merchant's valid links, newest first. */
export async function listPortalLinks(
  db: Database,
  input: { merchantId: MerchantId; before: PortalLinkId | undefined; limit: number },
): Promise<{ links: PortalLink[]; hasMore: boolean }> {
  const rows = await db
    .select({
      id: sql<PortalLinkId>`${portalLinks.id}`,
      madeByKey: sql<Id<'apiKey'>>`${portalLinks.madeByKey}`,
      createdAt: portalLinks.createdAt,
      expiresAt: portalLinks.expiresAt,
    })
    .from(portalLinks)
    .leftJoin(apiKeys, eq(apiKeys.id, portalLinks.madeByKey))
    .where(
      and(
        eq(portalLinks.merchantId, input.merchantId),
        isNotNull(portalLinks.id),
        isValid,
        input.before && lt(portalLinks.id, input.before),
      ),
    )
    .orderBy(desc(portalLinks.id))
    .limit(input.limit + 1);
  return { links: rows.slice(0, input.limit), hasMore: rows.length > input.limit };
}

/** Deletes a link and ends every session started with it; false if the merchant has no such link. */
export async function deletePortalLink(
  db: Database,
  { merchantId, portalLinkId }: { merchantId: MerchantId; portalLinkId: PortalLinkId },
): Promise<boolean> {
  const gone = await db
    .delete(portalLinks)
    .where(and(eq(portalLinks.merchantId, merchantId), eq(portalLinks.id, portalLinkId)))
    .returning({ id: portalLinks.id });
  return gone.length > 0;
}
