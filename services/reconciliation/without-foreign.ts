import type { Database } from '../../db/database.ts';
import type { NewEntry } from '../../db/queries/load-statement.ts';
import { findPaymentNames } from '../../db/queries/payment-names.ts';
import type { AccountId } from '../../domain/ids.ts';
import { decideOnBinding } from '../../domain/payment.ts';
import type { Provider } from '../../providers/provider.ts';

/**
 * Replaces our number on lines of payments that somebody else opened with it, keeping only the provider's number. Lines
 * of a payment whose provider number we do not know yet stay as they are.
 */
export async function withoutForeign(
  db: Database,
  input: { accountId: AccountId; provider: Provider; entries: readonly NewEntry[] },
): Promise<NewEntry[]> {
  const { accountId, provider, entries } = input;
  const outTradeNos = entries.map(({ outTradeNo }) => outTradeNo).filter(Boolean);
  const known = await findPaymentNames(db, { accountId, outTradeNos: [...new Set(outTradeNos)] });
  return entries.map((entry) => {
    const { outTradeNo, providerTradeNo, kind } = entry;
    const ours = known.get(outTradeNo);
    if (!ours || !providerTradeNo) return entry;
    const expected = provider.expectedBinding(ours);
    const bound = decideOnBinding(expected, { ...expected, providerTradeNo, providerRef: null });
    if (bound.kind !== 'foreign') return entry;
    const number = kind === 'payment' ? providerTradeNo : entry.number;
    return { ...entry, number, outTradeNo: providerTradeNo };
  });
}
