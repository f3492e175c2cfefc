import type { Account, Payment } from '../kit/book.ts';
import { findByDetail, findPayment } from '../kit/book.ts';
import type { FaultScript } from '../kit/faults.ts';
import type { Platform } from '../kit/platform.ts';
import { invalidRequest, missing } from './api-error.ts';
import type { Params } from './params.ts';
import { fromApiAmount } from './units.ts';

/** One authenticated request with its dependencies. */
export type ApiCall = {
  platform: Platform;
  faults: FaultScript;
  account: Account;
  params: Params;
  /** The base URL of the payer's pages. */
  publicUrl: string;
  /** Runs `act` later, unless the simulator has stopped. */
  later(delayMs: number, act: () => void): void;
  /** The delay until a payment is searchable. */
  searchDelayMs: number;
};

export type Page<Entry> = { object: 'list'; url: string; has_more: boolean; data: Entry[] };

export function requireIntent(call: ApiCall, id: string): Payment {
  const payment = findIntent(call, id);
  if (!payment) throw missing('payment_intent', id);
  return payment;
}

export function findIntent({ platform, account }: ApiCall, id: string): Payment | undefined {
  const payment = platform.book.byProviderTradeNo.get(id);
  return payment?.account === account.account ? platform.refresh(payment) : undefined;
}

export function findSession({ platform, account }: ApiCall, id: string): Payment | undefined {
  const payment = findByDetail(platform.book, 'sessionId', id);
  return payment?.account === account.account ? platform.refresh(payment) : undefined;
}

/**
 * The payment's number in the console: the merchant's number from the metadata if it is free, else the id. At Stripe
 * several payments may have the same metadata.
 */
export function consoleNumber(
  { platform, account: { account } }: ApiCall,
  requested: string | undefined,
  id: string,
): string {
  const isFree = requested && !findPayment(platform.book, { account, outTradeNo: requested });
  return isFree ? requested : id;
}

/** Converts an amount to the book's units. Allows up to twelve digits for IDR, eight for others. */
export function readAmount(amount: number, currency: string, param: string): number {
  if (amount < 1) {
    throw invalidRequest('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param,
    });
  }
  if (amount > (currency === 'IDR' ? 999_999_999_999 : 99_999_999)) {
    throw invalidRequest('Amount must be no more than 999,999.99', {
      code: 'amount_too_large',
      param,
    });
  }
  const amountMinor = fromApiAmount(amount, currency);
  if (amountMinor !== undefined) return amountMinor;
  throw invalidRequest(`Invalid amount for ${currency}`, { code: 'invalid_charge_amount', param });
}

export function readCurrency(text: string, param: string): string {
  if (/^[a-z]{3}$/.test(text)) return text.toUpperCase();
  throw invalidRequest(`Invalid currency: ${text}`, { param });
}

/** Newest first, from after `starting_after`. https://docs.stripe.com/api/pagination */
export function pageOf<Entry extends { id: string }>(
  { params }: ApiCall,
  url: string,
  entries: Entry[],
): Page<Entry> {
  const limit = Math.min(params.int('limit') ?? 10, 100);
  const after = params.text('starting_after');
  const from = after === undefined ? 0 : entries.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && from === 0) throw missing('object', after);
  const data = entries.slice(from, from + limit);
  return { object: 'list', url, has_more: from + limit < entries.length, data };
}
