import { and, eq, gt, lt, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { merchants } from '../schema/merchants.ts';
import { portalLinks } from '../schema/endpoints.ts';
import type { Merchant } from './merchants.ts';

/** Keeps a link's hash until its end; what has ended is swept out on the way. */
export async function insertPortalLink(
  db: Database,
  input: { tokenHash: string; merchantId: MerchantId; expiresAt: Date },
): Promise<void> {
  await db.delete(portalLinks).where(lt(portalLinks.expiresAt, sql`now()`));
  await db.insert(portalLinks).values(input);
}

/** Whose pages a token opens, and until when; undefined once it has ended. */
export async function findPortalMerchant(
  db: Database,
  { tokenHash }: { tokenHash: string },
): Promise<{ merchant: Merchant; expiresAt: Date } | undefined> {
  const [row] = await db
    .select({ merchant: merchants, expiresAt: portalLinks.expiresAt })
    .from(portalLinks)
    .innerJoin(merchants, eq(merchants.id, portalLinks.merchantId))
    .where(and(eq(portalLinks.tokenHash, tokenHash), gt(portalLinks.expiresAt, sql`now()`)));
  return row;
}
