import { ConnectFailed } from '../../outbound/calls.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';

/** An answer other than 2xx whose signature was verified. */
export type ApiError = { status: number; code: string; message: string; retryAfterMs?: number };

/** `ORDER_CLOSED` becomes `ORDERCLOSED`, as some interfaces still spell it. */
export function bareCode({ code }: { code: string }): string {
  return code.replaceAll('_', '');
}

/** The payer or the merchant's balance; NOT_ENOUGH can be asked again once the balance was topped up. */
const declinedCodes = new Set(['ACCOUNTERROR', 'NOTENOUGH', 'USERACCOUNTABNORMAL']);

/** The order is in a state that does not allow this. */
const invalidStateCodes = new Set([
  // Well formed, but against a rule of the business: another request's number, or more than is left to refund.
  'INVALIDREQUEST',
  'ORDERCLOSED',
  'ORDERNOTEXIST',
  'ORDERPAID',
  'OUTTRADENOUSED',
  'RESOURCENOTEXISTS',
  'TRADEERROR',
]);

/** Our keys, ids or rights, or a request we built wrong. */
const misconfiguredCodes = new Set([
  'APPIDMCHIDNOTMATCH',
  'MCHNOTEXISTS',
  'NOAUTH',
  'PARAMERROR',
  'SIGNERROR',
]);

/** Turned away before anything was executed. */
const retryableCodes = new Set(['FREQUENCYLIMITED', 'RATELIMITEXCEEDED', 'RULELIMIT']);

/** A definite no to a create or a refund, as data; undefined when it is none and `faultOfError` must be thrown. */
export function refusalOfError(error: ApiError): Refusal | undefined {
  if (error.status >= 500) return undefined;
  const code = bareCode(error);
  const refusal = { code: error.code, message: messageOf(error) };
  if (declinedCodes.has(code)) return { kind: 'declined', ...refusal };
  if (invalidStateCodes.has(code)) return { kind: 'invalidState', ...refusal };
  return undefined;
}

/** A verified answer that settles nothing. Whatever is not known to be harmless has an unknown outcome. */
export function faultOfError(error: ApiError): ProviderFault {
  const { code, retryAfterMs } = error;
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ProviderFault(faultKindOf(error), code, messageOf(error), options);
}

function faultKindOf(error: ApiError): ProviderFault['kind'] {
  if (error.status >= 500) return 'unknownOutcome';
  const code = bareCode(error);
  if (misconfiguredCodes.has(code)) return 'misconfigured';
  return retryableCodes.has(code) ? 'retryable' : 'unknownOutcome';
}

/** What the transport threw. Only a connection that never stood is surely harmless: nothing was sent over it. */
export function faultOfThrown(error: unknown): ProviderFault {
  if (error instanceof ConnectFailed) {
    return new ProviderFault('retryable', 'CONNECT_FAILED', error.message, { cause: error });
  }
  return unreadable(error instanceof Error ? error.message : String(error), error);
}

/** No answer, or one that must not be believed: unsigned, malformed, or about something else. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', message, { cause });
}

function messageOf({ status, code, message }: ApiError): string {
  return `WeChat Pay: ${[status, code, message].filter(Boolean).join(', ')}`;
}
