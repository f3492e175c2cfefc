import { Context } from '@temporalio/activity';
import { addEntries, beginStatement, finishStatement } from '../../db/queries/load-statement.ts';
import type { NewEntry } from '../../db/queries/load-statement.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { StatementEntry } from '../../providers/provider.ts';
import type { ActivityDeps } from '../deps.ts';
import { callProvider } from '../payments/ask-provider.ts';

const batchSize = 1_000;

/** Fetches a day's statement and keeps it, batch by batch, however long it is. */
export async function loadStatement(
  deps: ActivityDeps,
  { accountId, date }: { accountId: AccountId; date: string },
): Promise<{ kind: 'ready'; entryCount: number } | { kind: 'notReady' }> {
  const { db, stopping } = deps;
  return callProvider(deps, { accountId }, async (provider) => {
    const result = await provider.fetchStatement({ date });
    if (result.kind === 'notReady') return { kind: 'notReady' };
    const { statementId } = await beginStatement(db, { accountId, date });
    const context = Context.current();
    let entryCount = 0;
    let batch: NewEntry[] = [];
    const keep = async () => {
      await addEntries(db, { statementId, accountId, entries: batch });
      batch = [];
      context.heartbeat({ entryCount });
      // Another worker begins anew: what was kept so far is read by nobody, and goes with the next.
      AbortSignal.any([stopping, context.cancellationSignal]).throwIfAborted();
    };
    for await (const entry of result.entries) {
      entryCount += 1;
      batch.push(rowOf(entry, entryCount));
      if (batch.length === batchSize) await keep();
    }
    await keep();
    await finishStatement(db, { accountId, date, statementId, entryCount });
    return { kind: 'ready', entryCount };
  });
}

function rowOf(entry: StatementEntry, line: number): NewEntry {
  const { kind, outTradeNo, providerTradeNo, amountMinor, currency, feeMinor } = entry;
  return {
    ...{ line, kind, outTradeNo, providerTradeNo, amountMinor, currency, feeMinor },
    number: kind === 'refund' ? entry.refundNo : outTradeNo,
    providerRefundNo: kind === 'refund' ? entry.providerRefundNo : null,
    at: new Date(entry.at),
  };
}
