import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { addEntries, beginStatement, finishStatement } from '../../db/queries/load-statement.ts';
import type { NewEntry } from '../../db/queries/load-statement.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Provider, StatementEntry, StatementMovement } from '../../providers/provider.ts';
import type { LoadedStatement } from '../../workflows/activities.ts';
import type { ActivityDeps } from '../deps.ts';
import { withoutForeign } from '../../services/reconciliation/without-foreign.ts';
import { whileBeating } from '../while-beating.ts';

const batchSize = 1_000;
const heartbeatMs = 10_000;

/**
 * Fetches a day's statement and stores it in batches, whatever its length. Does not affect the account's health: a
 * provider whose reports are down may still take payments.
 */
export async function loadStatement(
  deps: ActivityDeps,
  input: { accountId: AccountId; date: string },
): Promise<LoadedStatement> {
  const progress = { entryCount: 0 };
  const signal = AbortSignal.any([deps.stopping, Context.current().cancellationSignal]);
  // A provider may take long before the first line.
  return whileBeating({ everyMs: heartbeatMs, progress: () => progress }, async () => {
    const provider = await deps.providers.get(input.accountId);
    const result = await provider.fetchStatement(input);
    if (result.kind === 'notReady') return { kind: 'notReady' };
    return storeAll(deps, { ...input, provider, entries: result.entries, progress, signal });
  });
}

async function storeAll(
  { db }: ActivityDeps,
  input: {
    accountId: AccountId;
    date: string;
    provider: Provider;
    entries: AsyncIterable<StatementEntry>;
    progress: { entryCount: number };
    signal: AbortSignal;
  },
): Promise<LoadedStatement> {
  const { accountId, date, provider, progress, signal } = input;
  const { statementId } = await beginStatement(db, { accountId, date });
  let batch: NewEntry[] = [];
  const storeBatch = async () => {
    const entries = await withoutForeign(db, { accountId, provider, entries: batch });
    await addEntries(db, { statementId, accountId, entries });
    batch = [];
    // Another worker starts again; this partial statement is never read, and the next one deletes it.
    signal.throwIfAborted();
  };
  for await (const entry of input.entries) {
    progress.entryCount += 1;
    batch.push(rowOf(entry, { date, line: progress.entryCount }));
    if (batch.length === batchSize) await storeBatch();
  }
  await storeBatch();
  const { entryCount } = progress;
  await finishStatement(db, { accountId, date, statementId, entryCount });
  return { kind: 'ready', entryCount };
}

/** An unreadable line carries no amount. Its number is its trade's, else its day and a hash of its text. */
function rowOf(entry: StatementEntry, { date, line }: { date: string; line: number }): NewEntry {
  if (entry.kind === 'unreadable') {
    const { kind, text, reason, outTradeNo } = entry;
    return {
      line,
      kind,
      number: outTradeNo ?? `${date}#${fingerprintOf(text)}`,
      note: `${reason}: ${text}`,
      outTradeNo: outTradeNo ?? '',
      providerTradeNo: '',
      providerRefundNo: null,
      amountMinor: 0,
      currency: '',
      feeMinor: null,
      at: new Date(`${date}T00:00:00Z`),
    };
  }
  const { kind, amountMinor, currency, feeMinor, at } = entry;
  const isTrade = kind !== 'other';
  return {
    line,
    kind,
    amountMinor,
    currency,
    feeMinor,
    at: new Date(at),
    number: numberOf(entry),
    outTradeNo: isTrade ? entry.outTradeNo : '',
    providerTradeNo: isTrade ? entry.providerTradeNo : '',
    providerRefundNo: kind === 'refund' ? entry.providerRefundNo : null,
    note: isTrade ? null : entry.category,
  };
}

/** Depends only on the text, so a line keeps its number at every loading. */
const fingerprintOf = (text: string) =>
  createHash('sha256').update(text).digest('hex').slice(0, 12);

function numberOf(entry: StatementMovement): string {
  switch (entry.kind) {
    case 'payment':
      return entry.outTradeNo;
    case 'refund':
      return entry.refundNo;
    case 'dispute':
      return entry.disputeNo;
    case 'other':
      return entry.number;
  }
}
