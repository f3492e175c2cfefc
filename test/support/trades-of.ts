import type { StatementEntry } from '../../providers/provider.ts';

export type TradeEntry = Exclude<StatementEntry, { kind: 'other' | 'unreadable' }>;

/** A statement's lines where all of them are of trades. */
export function tradesOf(entries: readonly StatementEntry[]): TradeEntry[] {
  return entries.map((entry) => {
    if (entry.kind === 'other' || entry.kind === 'unreadable') {
      throw new Error(`not of a trade: ${JSON.stringify(entry)}`);
    }
    return entry;
  });
}
