import { and, eq, isNull, or, gt, sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { Id, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { apiKeys, merchants } from '../schema/merchants.ts';

export type Merchant = typeof merchants.$inferSelect;

export async function insertMerchant(
  db: Database,
  { name, shard }: { name: string; shard: number },
): Promise<Merchant> {
  const [merchant] = await db
    .insert(merchants)
    .values({ id: newId('merchant'), name, shard })
    .returning();
  return merchant!;
}

export async function findMerchant(
  db: Database,
  { merchantId }: { merchantId: MerchantId },
): Promise<Merchant | undefined> {
  const [merchant] = await db.select().from(merchants).where(eq(merchants.id, merchantId));
  return merchant;
}

export async function insertApiKey(
  db: Database,
  input: { merchantId: MerchantId; keyHash: string; hint: string; expiresAt: Date | null },
): Promise<{ id: string }> {
  const [row] = await db
    .insert(apiKeys)
    .values({ id: newId('apiKey'), ...input })
    .returning({ id: apiKeys.id });
  return row!;
}

export type KeyOwner = { merchant: Merchant; keyId: Id<'apiKey'>; expiresAt: Date | null };

/** The merchant that owns the key, if the key is neither revoked nor expired. */
export async function findKeyOwner(
  db: Database,
  { keyHash }: { keyHash: string },
): Promise<KeyOwner | undefined> {
  const [row] = await db
    .select({ merchant: merchants, keyId: apiKeys.id, expiresAt: apiKeys.expiresAt })
    .from(apiKeys)
    .innerJoin(merchants, eq(merchants.id, apiKeys.merchantId))
    .where(
      and(
        eq(apiKeys.keyHash, keyHash),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
      ),
    );
  return row;
}

/** Revokes a key; false if there is no such key or it was revoked before. */
export async function revokeApiKey(
  db: Database,
  { keyId }: { keyId: Id<'apiKey'> },
): Promise<boolean> {
  const revoked = await db
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return revoked.length === 1;
}
