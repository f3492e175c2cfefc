import { Stripe } from 'stripe';
import { ConnectFailed } from '../../outbound/calls.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';

// Codes: https://docs.stripe.com/error-codes

/** What was asked for will not be done for this account, however often it is asked. */
const declinedCodes = new Set([
  'amount_too_large',
  'amount_too_small',
  'balance_insufficient',
  'charge_exceeds_source_limit',
  'country_unsupported',
  'invalid_charge_amount',
  'payment_intent_incompatible_payment_method',
  'payment_method_currency_mismatch',
  'payment_method_not_available',
]);

/** The payment or refund is in a state that does not allow this. */
const invalidStateCodes = new Set([
  'capture_charge_authorization_expired',
  'capture_unauthorized_payment',
  'charge_already_captured',
  'charge_already_refunded',
  'charge_disputed',
  'charge_expired_for_capture',
  'charge_not_refundable',
  'payment_intent_invalid_parameter',
  'payment_intent_unexpected_state',
  'refund_disputed_payment',
]);

/** Our key, our account, or a request that we put together wrongly: a person must look. */
const misconfiguredCodes = new Set([
  'account_invalid',
  'api_key_expired',
  'livemode_mismatch',
  'parameter_invalid_empty',
  'parameter_invalid_integer',
  'parameter_invalid_string_blank',
  'parameter_invalid_string_empty',
  'parameter_missing',
  'parameter_unknown',
  'parameters_exclusive',
  'payment_method_unactivated',
  'platform_api_key_expired',
  'resource_missing',
  'secret_key_required',
  'testmode_charges_only',
  'tls_version_unsupported',
  'url_invalid',
]);

/** A definite no, as data; undefined when it is none and `faultOf` must be thrown. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const refusal = { code: codeOf(error), message: `Stripe: ${error.message}` };
  switch (error.statusCode) {
    case 402:
      return { kind: 'declined', ...refusal };
    case 400:
    case 404:
      if (declinedCodes.has(refusal.code)) return { kind: 'declined', ...refusal };
      if (isIdempotencyConflict(error) || isAboutAmount(error)) {
        return { kind: 'invalidState', ...refusal };
      }
      return invalidStateCodes.has(refusal.code) ? { kind: 'invalidState', ...refusal } : undefined;
    default:
      return undefined;
  }
}

/** An amount that Stripe has no whole number for: refused before it is asked. */
export function amountRefused(amountMinor: number, currency: string): Refusal {
  const message = `Stripe cannot move ${amountMinor} minor units of ${currency}`;
  return { kind: 'declined', code: 'AMOUNT_NOT_SUPPORTED', message };
}

/** What was thrown instead of an answer. Whatever is not known to be harmless has an unknown outcome. */
export function faultOf(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error;
  if (!(error instanceof Stripe.errors.StripeError)) return unreadable(String(error), error);
  const isUnsent = error.detail instanceof ConnectFailed;
  if (isUnsent) return faultAs('retryable', 'CONNECT_FAILED', error);
  const code = codeOf(error);
  switch (error.statusCode) {
    case 401:
    case 403:
      return faultAs('misconfigured', code, error);
    case 409:
    // Another request holds the key or the object: the same one may be made again. https://docs.stripe.com/rate-limits#object-lock-timeouts
    case 429:
      return faultAs('retryable', code, error);
    case 400:
    case 404: {
      if (code === 'rate_limit') return faultAs('retryable', code, error);
      const isOurFault = misconfiguredCodes.has(code) || code === 'invalid_request_error';
      return faultAs(isOurFault ? 'misconfigured' : 'unknownOutcome', code, error);
    }
    default:
      return faultAs('unknownOutcome', code, error);
  }
}

/** No answer, or one that must not be believed: malformed, or about another payment. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', `Stripe: ${message}`, { cause });
}

/** The same key was used with other parameters. */
export function isIdempotencyConflict(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeIdempotencyError;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}

/** The stored answer of an earlier request that failed at Stripe: this key will never say anything else. */
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

/** More than is left to refund or to capture is refused without a code. */
function isAboutAmount(error: unknown): boolean {
  return isAboutParam(error, 'amount') || isAboutParam(error, 'amount_to_capture');
}

function codeOf(error: InstanceType<typeof Stripe.errors.StripeError>): string {
  return error.decline_code || error.code || error.rawType || 'NO_TRUSTED_ANSWER';
}

function faultAs(
  kind: ProviderFault['kind'],
  code: string,
  error: InstanceType<typeof Stripe.errors.StripeError>,
): ProviderFault {
  const retryAfterMs = retryAfterOf(error.headers?.['retry-after']);
  return new ProviderFault(kind, code, `Stripe: ${error.message}`, {
    cause: error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Seconds; the header's other form, a date, Stripe does not use. */
function retryAfterOf(header: unknown): number | undefined {
  const isSeconds = typeof header === 'string' && /^\d{1,5}$/.test(header);
  return isSeconds ? Number(header) * 1000 : undefined;
}
