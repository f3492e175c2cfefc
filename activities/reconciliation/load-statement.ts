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
 * Fetches a day's statement and keeps it, batch by batch, however long it is. The account's health is
 * left out of it: a provider whose reports are down may well take payments.
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
    return keepAll(deps, { ...input, provider, entries: result.entries, progress, signal });
  });
}

async function keepAll(
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
  const keep = async () => {
    const entries = await withoutForeign(db, { accountId, provider, entries: batch });
    await addEntries(db, { statementId, accountId, entries });
    batch = [];
    // Another worker begins anew: what was kept so far is read by nobody, and goes with the next.
    signal.throwIfAborted();
  };
  for await (const entry of input.entries) {
    progress.entryCount += 1;
    batch.push(rowOf(entry, { date, line: progress.entryCount }));
    if (batch.length === batchSize) await keep();
  }
  await keep();
  const { entryCount } = progress;
  await finishStatement(db, { accountId, date, statementId, entryCount });
  return { kind: 'ready', entryCount };
}

/** An odd line has no money that could be counted: it is known by its trade, else by its day and what it says. */
function rowOf(entry: StatementEntry, { date, line }: { date: string; line: number }): NewEntry {
  if (entry.kind === 'unreadable') {
    const { kind, text, reason, outTradeNo } = entry;
    return {
      line,
      kind,
      number: outTradeNo ?? `${date}#${placeOf(text)}`,
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

/** The same line has the same at every loading, wherever it stands. */
const placeOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

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
