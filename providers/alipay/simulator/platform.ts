import { findTrade } from './book.ts';
import type { Trade, TradeKey } from './book.ts';
import type { Ledger } from './journal.ts';
import type { Notifier } from './notifier.ts';
import { close, expire, issueCode, pay, scan } from './rules.ts';
import type { CodeOrder, RefusalCode, Ruling } from './rules.ts';

export type Verdict = { trade: Trade } | { refusal: RefusalCode };

/** The rules, applied: what they allow is entered into the book and, once money moved, notified. */
export type Platform = {
  find(key: TradeKey): Trade | undefined;
  findByCode(code: string): Trade | undefined;
  issueCode(order: CodeOrder): Verdict;
  scan(trade: Trade, payer: { buyerId?: string | undefined }): Verdict;
  pay(trade: Trade, payment: { paidAmount?: string | undefined }): Verdict;
  close(key: TradeKey): Verdict;
};

export function createPlatform(ledger: Ledger, notifier: Notifier): Platform {
  const { book } = ledger;

  function upToDate(trade: Trade | undefined): Trade | undefined {
    if (trade) ledger.record(expire(trade, Date.now()));
    return trade;
  }

  function carryOut(key: TradeKey, ruling: Ruling): Verdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    const trade = findTrade(book, key);
    if (!trade) throw new Error(`a ruling about ${key.outTradeNo} left no trade`);
    return { trade };
  }

  function find(key: TradeKey): Trade | undefined {
    return upToDate(findTrade(book, key));
  }

  return {
    find,
    findByCode: (code) => upToDate(book.codes.get(code)),
    issueCode(order) {
      find(order);
      return carryOut(order, issueCode(book, order, Date.now()));
    },
    scan: (trade, payer) => carryOut(trade, scan(trade, payer, Date.now())),
    pay(trade, payment) {
      const verdict = carryOut(trade, pay(trade, payment, Date.now()));
      const notification = 'trade' in verdict ? verdict.trade.notifications.at(-1) : undefined;
      if (notification) notifier.start(notification);
      return verdict;
    },
    close: (key) => carryOut(key, close(find(key), Date.now())),
  };
}
