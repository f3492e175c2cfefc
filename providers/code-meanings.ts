import { ProviderFault } from './faults.ts';
import type { Refusal } from './provider.ts';

/**
 * The meaning of a provider's code for an operation that it did not execute.
 * - `declined`: a definite refusal of this order or refund, because of the payer, the amount or a limit.
 * - `badRequest`: a definite refusal of our request's form. As `declined`, and we must look into it.
 * - `invalidState`: the order or refund is in another state, which has to be queried.
 * - `account`: our keys, contract or permissions: every call of this account fails until a person fixes it.
 * - `retry`: refused before execution.
 * - `unknown`: possibly executed: query, then repeat with the same number.
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

/** Undefined for a code that is not in the table. */
export function meaningIn(table: CodeTable, code: string): CodeMeaning | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

export type ProviderErrorData = {
  code: string;
  message: string;
  /** Set if the provider named a wait. */
  retryAfterMs?: number | undefined;
};

/**
 * Returns a definite refusal as data; throws a ProviderFault for anything else and for an undocumented code (`meaning`
 * undefined).
 */
export function refusalFor(meaning: CodeMeaning | undefined, data: ProviderErrorData): Refusal {
  const { code, message } = data;
  switch (meaning) {
    case 'declined':
      return { kind: 'declined', code, message };
    case 'badRequest':
      return { kind: 'declined', code, message, isOurMistake: true };
    case 'invalidState':
      return { kind: 'invalidState', code, message };
    default:
      throw faultFor(meaning, data);
  }
}

/** The fault of an operation without refusals, such as a query: there every definite refusal is our mistake. */
export function faultFor(
  meaning: CodeMeaning | undefined,
  { code, message, retryAfterMs }: ProviderErrorData,
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
