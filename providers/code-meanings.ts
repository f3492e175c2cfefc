import { ProviderFault } from './faults.ts';
import type { Refusal } from './provider.ts';

/**
 * What a provider's code for something that it did not do means for us.
 * - `declined`: a definite no to this order or refund, for whatever it says: the payer, the amount, a limit.
 * - `badRequest`: a definite no to how we asked. The same as `declined`, and people of ours must look.
 * - `invalidState`: it has the order or refund in another state, and is asked in which.
 * - `account`: our keys, contract or rights: no call of this account helps until a person has mended it.
 * - `retry`: turned away before anything was executed.
 * - `unknown`: it may have been executed: ask, then the same number again.
 */
export type CodeMeaning =
  | 'declined'
  | 'badRequest'
  | 'invalidState'
  | 'account'
  | 'retry'
  | 'unknown';

/** The documented codes of one operation. */
export type CodeTable = Readonly<Record<string, CodeMeaning>>;

/** Undefined for a code that the table does not have. */
export function meaningIn(table: CodeTable, code: string): CodeMeaning | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

export type RefusedWords = {
  code: string;
  message: string;
  /** Set when the provider said how long to wait. */
  retryAfterMs?: number | undefined;
};

/** A definite no, as data; a fault is thrown for all else, and for a code that nobody documented (`meaning` undefined). */
export function refusalFor(meaning: CodeMeaning | undefined, words: RefusedWords): Refusal {
  const { code, message } = words;
  switch (meaning) {
    case 'declined':
      return { kind: 'declined', code, message };
    case 'badRequest':
      return { kind: 'declined', code, message, isOurMistake: true };
    case 'invalidState':
      return { kind: 'invalidState', code, message };
    default:
      throw faultFor(meaning, words);
  }
}

/** What to throw where an operation has no refusals, as a query: there every definite no is our mistake. */
export function faultFor(
  meaning: CodeMeaning | undefined,
  { code, message, retryAfterMs }: RefusedWords,
): ProviderFault {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (meaning) {
    case 'account':
      return new ProviderFault('misconfigured', code, message, options);
    case 'declined':
    case 'badRequest':
    case 'invalidState':
      return new ProviderFault('misconfigured', code, message, { ...options, blames: 'request' });
    case 'retry':
      return new ProviderFault('retryable', code, message, options);
    case 'unknown':
      return new ProviderFault('unknownOutcome', code, message, options);
    case undefined:
      return new ProviderFault('unknownOutcome', code, message, {
        ...options,
        isUndocumented: true,
      });
  }
}
