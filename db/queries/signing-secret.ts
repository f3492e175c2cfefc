import { and, eq, isNull } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { merchants } from '../schema/merchants.ts';
import { sealContext } from '../sealed-columns.ts';
import type { Sealer } from '../sealed.ts';

const contextOf = (id: MerchantId) => sealContext('merchants.signing_secret', id);

/** The secret `whsec_…` that signs requests to the merchant itself; created on first use. */
export async function ensureSigningSecret(
  { db, sealer }: { db: Database; sealer: Sealer },
  { merchantId, make }: { merchantId: MerchantId; make: () => string },
): Promise<string> {
  const read = async () => {
    const [row] = await db
      .select({ sealed: merchants.sealedSigningSecret })
      .from(merchants)
      .where(eq(merchants.id, merchantId));
    return row?.sealed ?? undefined;
  };
  const known = await read();
  if (known) return sealer.open(known, contextOf(merchantId));
  const fresh = make();
  await db
    .update(merchants)
    .set({ sealedSigningSecret: sealer.seal(fresh, contextOf(merchantId)) })
    .where(and(eq(merchants.id, merchantId), isNull(merchants.sealedSigningSecret)));
  // Of two concurrent creations the first wins.
  const made = await read();
  if (!made) throw new Error(`merchant ${merchantId} does not exist`);
  return sealer.open(made, contextOf(merchantId));
}
