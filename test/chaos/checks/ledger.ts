import type { Evidence, Findings, Trade } from '../evidence.ts';
import { get, query } from '../evidence.ts';
import { keyOf, sum } from './money.ts';
import type { Verdicts } from './verdicts.ts';

type Balance = { provider: number; merchant: number; refunds: number; disputes: number };

/** 5: every movement sums to zero, nothing can be changed, and the balances are what rows and books say. */
export async function checkLedger(
  evidence: Evidence,
  found: Findings,
  { expect }: Verdicts,
): Promise<void> {
  const { databaseUrl } = evidence;
  const uneven = await query<{ transaction: string }>(
    databaseUrl,
    'select transaction from ledger_entries group by transaction, currency having sum(amount_minor) <> 0',
  );
  expect(5, uneven.length === 0, `uneven: ${uneven.map(({ transaction }) => transaction).join()}`);
  for (const wrong of [
    'update ledger_entries set amount_minor = amount_minor + 1',
    'delete from ledger_entries',
    'truncate ledger_entries',
  ]) {
    const error = await query(databaseUrl, wrong).catch((error: unknown) => error);
    expect(5, error instanceof Error, `the database carried out: ${wrong}`);
  }
  const entries = await query<{
    account_id: string;
    currency: string;
    book: string;
    total: string;
  }>(
    databaseUrl,
    `select account_id, currency, book, sum(amount_minor)::text as total
      from ledger_entries group by account_id, currency, book`,
  );
  const ledger = new Map<string, Balance>();
  const balanceIn = (map: Map<string, Balance>, key: string) => {
    const balance = map.get(key) ?? { provider: 0, merchant: 0, refunds: 0, disputes: 0 };
    map.set(key, balance);
    return balance;
  };
  for (const { account_id, currency, book, total } of entries) {
    balanceIn(ledger, `${account_id} ${currency}`)[book as keyof Balance] = Number(total);
  }
  const owed = balancesOfRows(found, balanceIn);
  for (const key of new Set([...ledger.keys(), ...owed.keys()])) {
    const [said, right] = [balanceIn(ledger, key), balanceIn(owed, key)];
    const isSame = JSON.stringify(said) === JSON.stringify(right);
    expect(5, isSame, `${key}: ${JSON.stringify(said)}, rows say ${JSON.stringify(right)}`);
  }
  const books = balancesOfBooks(found);
  for (const [key, providerMinor] of books) {
    const said = balanceIn(ledger, key).provider;
    expect(5, said === providerMinor, `${key}: provider ${said}, its book says ${providerMinor}`);
  }
  const { body } = await get<{
    data: { accountId: string; currency: string; providerMinor: number; merchantMinor: number }[];
  }>(evidence, evidence.merchant.key, '/v1/balances');
  for (const { accountId, currency, providerMinor, merchantMinor } of body.data) {
    const said = balanceIn(ledger, `${accountId} ${currency}`);
    // The API shows what is the merchant's as the positive it is to them.
    const isSame = providerMinor === said.provider && merchantMinor === 0 - said.merchant;
    expect(5, isSame, `balances over HTTP of ${accountId} ${currency} differ`);
  }
}

function balancesOfRows(
  found: Findings,
  balanceIn: (map: Map<string, Balance>, key: string) => Balance,
): Map<string, Balance> {
  const owed = new Map<string, Balance>();
  for (const { account_id, currency, captured_minor } of found.payments) {
    const balance = balanceIn(owed, `${account_id} ${currency}`);
    balance.provider += Number(captured_minor);
    balance.merchant -= Number(captured_minor);
  }
  for (const { account_id, currency, amount_minor, status } of found.refunds) {
    const balance = balanceIn(owed, `${account_id} ${currency}`);
    if (status !== 'pending' && status !== 'succeeded') continue;
    balance.merchant += Number(amount_minor);
    balance[status === 'pending' ? 'refunds' : 'provider'] -= Number(amount_minor);
  }
  for (const { account_id, currency, amount_minor, status } of found.disputes) {
    const balance = balanceIn(owed, `${account_id} ${currency}`);
    if (status !== 'open' && status !== 'lost') continue;
    balance.merchant += Number(amount_minor);
    balance[status === 'open' ? 'disputes' : 'provider'] -= Number(amount_minor);
  }
  return owed;
}

/** What each provider's own book says is left of the money taken for our payments. */
function balancesOfBooks({ payments, trades }: Findings): Map<string, number> {
  const left = new Map<string, number>();
  for (const payment of payments) {
    const key = `${payment.account_id} ${payment.currency}`;
    left.set(key, (left.get(key) ?? 0) + leftOf(trades.get(keyOf(payment))));
  }
  return left;
}

function leftOf(trade: Trade | undefined): number {
  if (!trade) return 0;
  const given = trade.refunds.filter(({ status }) => status === 'succeeded');
  const lost = trade.disputes.filter(({ status }) => status === 'lost');
  return trade.capturedMinor - sum([...given, ...lost].map(({ amountMinor }) => amountMinor));
}
