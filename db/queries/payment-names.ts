import { and, eq, inArray } from 'drizzle-orm';
import type { AccountId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { payments } from '../schema/orders.ts';

/** The provider's identifiers of payments, by our numbers; unknown numbers are left out. */
export async function findPaymentNames(
  db: Database,
  { accountId, outTradeNos }: { accountId: AccountId; outTradeNos: readonly string[] },
) {
  if (outTradeNos.length === 0) return new Map<string, never>();
  const { outTradeNo, providerRef, providerTradeNo } = payments;
  const rows = await db
    .select({ outTradeNo, providerRef, providerTradeNo })
    .from(payments)
    .where(and(eq(payments.accountId, accountId), inArray(outTradeNo, [...outTradeNos])));
  return new Map(rows.map((row) => [row.outTradeNo, row]));
}
