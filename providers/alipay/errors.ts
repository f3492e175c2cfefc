import { ConnectFailed } from '../../outbound/calls.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';

/** What every gateway answer carries. https://opendocs.alipay.com/common/02km9f */
export type AlipayAnswer = { code: string; msg?: string; sub_code?: string; sub_msg?: string };

export function isSuccess(answer: AlipayAnswer): boolean {
  return answer.code === '10000';
}

/**
 * `ACQ.TRADE_NOT_EXIST` becomes `TRADE_NOT_EXIST`: they write the prefix as `ACQ.`, `AQC.` and not at
 * all, and elsewhere as `isp.` (theirs) or `isv.` (ours).
 */
export function bareSubCode({ sub_code = '' }: AlipayAnswer): string {
  return sub_code.replace(/^(?:ACQ|AQC|isp|isv)\./, '');
}

/** The order as asked will not be taken by this account, however often it is asked. */
const declinedSubCodes = new Set([
  'BEYOND_PAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_DAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_RESTRICTION',
  'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION',
  'BUYER_ENABLE_STATUS_FORBID',
  'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
  'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR',
  'BUYER_SELLER_EQUAL',
  'ERROR_BUYER_CERTIFY_LEVEL_LIMIT',
  'EXIST_FORBIDDEN_WORD',
  'INVALID_PARAMETER',
  'MERCHANT_PERM_RECEIPT_DAY_LIMIT',
  'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT',
  'NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
  'TOTAL_FEE_EXCEED',
  'TRADE_BUYER_NOT_MATCH',
]);

/** The trade is in a state that does not allow this. */
const invalidStateSubCodes = new Set([
  'CONTEXT_INCONSISTENT',
  'REASON_TRADE_STATUS_INVALID',
  'TRADE_HAS_CLOSE',
  'TRADE_HAS_SUCCESS',
  'TRADE_STATUS_ERROR',
]);

/** A refund that this trade, in its state, does not allow. */
const unrefundableSubCodes = new Set([
  'DISCORDANT_REPEAT_REQUEST',
  'REASON_TRADE_BEEN_FREEZEN',
  'REASON_TRADE_REFUND_FEE_ERR',
  'REASON_TRADE_STATUS_INVALID',
  'REFUND_AMT_NOT_EQUAL_TOTAL',
  'REFUND_FEE_ERROR',
  'TRADE_HAS_CLOSE',
  'TRADE_HAS_FINISHED',
  'TRADE_NOT_ALLOW_REFUND',
  'TRADE_NOT_EXIST',
  'TRADE_STATUS_ERROR',
]);

/** Our contract, rights or seller account. */
const misconfiguredSubCodes = new Set([
  'ACCESS_FORBIDDEN',
  'INVALID_PARAMETER',
  'INVALID_RECEIVE_ACCOUNT',
  'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT',
  'MERCHANT_STATUS_NOT_NORMAL',
  'PARTNER_ERROR',
  'SELLER_BEEN_BLOCKED',
  'SELLER_NOT_EXIST',
]);

/** A definite no to a create, as data; undefined when the answer is none and `faultOfAnswer` must be thrown. */
export function refusalOfAnswer(answer: AlipayAnswer): Refusal | undefined {
  if (answer.code !== '40004') return undefined;
  const subCode = bareSubCode(answer);
  if (declinedSubCodes.has(subCode)) return { kind: 'declined', ...wordsOf(answer) };
  if (invalidStateSubCodes.has(subCode)) return { kind: 'invalidState', ...wordsOf(answer) };
  return undefined;
}

/** A definite no to a refund. Too little balance is cured by a top-up, and the same refund asked again. */
export function refusalOfRefund(answer: AlipayAnswer): Refusal | undefined {
  if (answer.code !== '40004') return undefined;
  const subCode = bareSubCode(answer);
  const isDeclined = subCode === 'SELLER_BALANCE_NOT_ENOUGH' || subCode === 'INVALID_PARAMETER';
  if (isDeclined) return { kind: 'declined', ...wordsOf(answer) };
  if (unrefundableSubCodes.has(subCode)) return { kind: 'invalidState', ...wordsOf(answer) };
  return undefined;
}

/** A signed answer that settles nothing. Whatever is not known to be harmless has an unknown outcome. */
export function faultOfAnswer(answer: AlipayAnswer): ProviderFault {
  const { code, message } = wordsOf(answer);
  switch (answer.code) {
    case '20001':
    case '40001':
    case '40002':
    case '40006':
      return new ProviderFault('misconfigured', code, message);
    case '40005':
      // Turned away at the gateway for calling too often: nothing was executed.
      return new ProviderFault('retryable', code, message);
    case '40004':
      return misconfiguredSubCodes.has(bareSubCode(answer))
        ? new ProviderFault('misconfigured', code, message)
        : new ProviderFault('unknownOutcome', code, message);
    default:
      return new ProviderFault('unknownOutcome', code, message);
  }
}

/** What a call threw. Only a connection that never stood is surely harmless: nothing was sent over it. */
export function faultOfThrown(error: unknown): ProviderFault {
  // The SDK wraps what its connection threw; a download does not.
  const thrown = [error, error instanceof Error ? error.cause : undefined];
  const refused = thrown.find((error) => error instanceof ConnectFailed);
  if (refused) {
    return new ProviderFault('retryable', 'CONNECT_FAILED', refused.message, { cause: error });
  }
  return unreadable(error instanceof Error ? error.message : String(error), error);
}

/** No answer, or one that must not be believed: unsigned, malformed, or about another trade. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', message, { cause });
}

function wordsOf({ code, msg, sub_code, sub_msg }: AlipayAnswer) {
  const message = `Alipay: ${[msg, sub_code, sub_msg].filter(Boolean).join(', ')}`;
  return { code: sub_code ?? code, message };
}
