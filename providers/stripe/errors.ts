import { Stripe } from 'stripe';
import { ConnectFailed } from '../../outbound/calls.ts';
import { faultFor, meaningIn, refusalFor } from '../code-meanings.ts';
import type { CodeMeaning } from '../code-meanings.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';
import { codes } from './codes.ts';

type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

/** The meaning of an error; undefined if it is undocumented. */
export function meaningOfError(error: StripeError): CodeMeaning | undefined {
  switch (error.statusCode) {
    case 402:
      return 'declined';
    case 401:
    case 403:
      return 'account';
    // Another request holds the key or the object: repeat the same request.
    // https://docs.stripe.com/rate-limits#object-lock-timeouts
    case 409:
    case 429:
      return 'retry';
    case 400:
    case 404:
      if (isIdempotencyConflict(error)) return 'invalidState';
      // Stripe refuses more than the remaining amount without a code.
      if (!error.code && isAboutAmount(error)) return 'invalidState';
      return meaningIn(codes, codeOf(error));
    default:
      return 'unknown';
  }
}

/** Returns a definite refusal as data; undefined if there is none and `faultOf` must be thrown. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const meaning = meaningOfError(error);
  const isRefusal =
    meaning === 'declined' || meaning === 'invalidState' || meaning === 'badRequest';
  return isRefusal ? refusalFor(meaning, errorDataOf(error)) : undefined;
}

/** The refusal of an amount that is no whole number of Stripe's units, without a call. */
export function amountRefused(amountMinor: number, currency: string): Refusal {
  const message = `Stripe cannot move ${amountMinor} minor units of ${currency}`;
  return { kind: 'declined', code: 'AMOUNT_NOT_SUPPORTED', message };
}

/** The fault of a thrown error. The outcome is unknown unless the error is known to be harmless. */
export function faultOf(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error;
  if (!(error instanceof Stripe.errors.StripeError)) return unreadable(String(error), error);
  if (error.detail instanceof ConnectFailed) {
    return new ProviderFault('retryable', 'CONNECT_FAILED', errorDataOf(error).message, {
      cause: error,
    });
  }
  return faultFor(meaningOfError(error), errorDataOf(error));
}

/** The fault of a missing or untrusted answer: malformed, or about another payment. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', `Stripe: ${message}`, { cause });
}

/** The key was used before with other parameters. */
export function isIdempotencyConflict(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeIdempotencyError;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}

/** Stripe's stored answer of an earlier failed request: this key never gets another answer. */
export function isReplayedFailure(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

export function isAboutParam(error: unknown, param: string): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.param === param;
}

function isAboutAmount(error: unknown): boolean {
  return isAboutParam(error, 'amount') || isAboutParam(error, 'amount_to_capture');
}

function codeOf(error: StripeError): string {
  return error.decline_code || error.code || error.rawType || 'NO_TRUSTED_ANSWER';
}

function errorDataOf(error: StripeError) {
  return {
    code: codeOf(error),
    message: `Stripe: ${error.message}`,
    retryAfterMs: retryAfterOf(error.headers?.['retry-after']),
  };
}

/** Seconds; Stripe does not use the date form. */
function retryAfterOf(header: unknown): number | undefined {
  const isSeconds = typeof header === 'string' && /^\d{1,5}$/.test(header);
  return isSeconds ? Number(header) * 1000 : undefined;
}
