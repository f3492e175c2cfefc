import type { Evidence, Trade } from '../evidence.ts';
import { query, readBooks } from '../evidence.ts';
import { keyOf, sum } from './money.ts';

/**
 * 17: what our books say a provider has of ours is what the provider itself says, when nothing is under way. What it
 * has of others on the same account, strangers' payments and copies of ours, is taken off first.
 */
export async function compareBalances(evidence: Evidence, when: string): Promise<string[]> {
  const { databaseUrl, merchant } = evidence;
  const [rows, { trades, copies }, payments] = await Promise.all([
    query<{ account_id: string; currency: string; minor: string }>(
      databaseUrl,
      `select account_id, currency, sum(amount_minor)::text as minor from ledger_entries
        where book in ('provider', 'refunds', 'disputes') group by account_id, currency`,
    ),
    readBooks(merchant),
    query<{ account_id: string; out_trade_no: string }>(
      databaseUrl,
      'select account_id, out_trade_no from payments',
    ),
  ]);
  const ours = new Set(payments.map(keyOf));
  const others = [...trades, ...copies].filter(([key]) => !ours.has(key) || copies.has(key));
  const problems: string[] = [];
  for (const { accountId, account, simulatorUrl } of merchant.accounts) {
    const response = await fetch(`${simulatorUrl}/console/balance?account=${account}`);
    const { balances } = (await response.json()) as {
      balances: { currency: string; amountMinor: number }[];
    };
    const said = new Map(balances.map(({ currency, amountMinor }) => [currency, amountMinor]));
    const booked = new Map(
      rows
        .filter(({ account_id }) => account_id === accountId)
        .map(({ currency, minor }) => [currency, Number(minor)]),
    );
    for (const currency of new Set([...said.keys(), ...booked.keys()])) {
      const foreign = others
        .filter(([key, trade]) => key.startsWith(`${accountId}/`) && trade.currency === currency)
        .map(([, trade]) => leftOf(trade));
      const theirs = (said.get(currency) ?? 0) - sum(foreign);
      const here = booked.get(currency) ?? 0;
      if (theirs !== here) {
        problems.push(`${when}: ${accountId} ${currency}: ${here} here, ${theirs} at the provider`);
      }
    }
  }
  return problems;
}

function leftOf({ capturedMinor, refunds, disputes }: Trade): number {
  const given = refunds.filter(({ status }) => status === 'succeeded');
  const taken = disputes.filter(({ status }) => status === 'open' || status === 'lost');
  return capturedMinor - sum([...given, ...taken].map(({ amountMinor }) => amountMinor));
}
