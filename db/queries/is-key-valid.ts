import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Id, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { apiKeys } from '../schema/merchants.ts';

/** True while a key of the merchant is neither revoked nor expired. */
export async function isKeyValid(
  db: Database,
  { merchantId, keyId }: { merchantId: MerchantId; keyId: Id<'apiKey'> },
): Promise<boolean> {
  const [row] = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.id, keyId),
        eq(apiKeys.merchantId, merchantId),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
      ),
    );
  return row !== undefined;
}
