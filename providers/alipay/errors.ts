import { ConnectFailed } from '../../outbound/calls.ts';
import { faultFor, meaningIn, refusalFor } from '../code-meanings.ts';
import type { CodeMeaning, CodeTable } from '../code-meanings.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';
import { gatewayCodes } from './codes.ts';

/** The fields of every gateway answer. https://opendocs.alipay.com/common/02km9f */
export type AlipayAnswer = { code: string; msg?: string; sub_code?: string; sub_msg?: string };

export function isSuccess(answer: AlipayAnswer): boolean {
  return answer.code === '10000';
}

/**
 * `ACQ.TRADE_NOT_EXIST` becomes `TRADE_NOT_EXIST`. Alipay writes the prefix as `ACQ.`, `AQC.` or not at all, and
 * elsewhere as `isp.` (provider) or `isv.` (merchant).
 */
export function bareSubCode({ sub_code = '' }: AlipayAnswer): string {
  return sub_code.replace(/^(?:ACQ|AQC|isp|isv)\./, '');
}

/** The meaning of an answer to one operation, by that operation's code table; undefined for an undocumented code. */
export function meaningOfAnswer(answer: AlipayAnswer, table: CodeTable): CodeMeaning | undefined {
  const subCode = bareSubCode(answer);
  if (answer.code === '40004') return meaningIn(table, subCode);
  // The only refusal of the gateway itself that concerns a value and not the account.
  if (answer.code === '40002' && subCode === 'invalid-parameter') return 'badRequest';
  return meaningIn(gatewayCodes, answer.code);
}

/** Returns a definite refusal as data; throws a ProviderFault for any other answer. */
export function refusalOf(answer: AlipayAnswer, table: CodeTable): Refusal {
  return refusalFor(meaningOfAnswer(answer, table), errorDataOf(answer));
}

/** The fault of a signed answer without a result. The outcome is unknown unless the code is known to be harmless. */
export function faultOfAnswer(answer: AlipayAnswer, table: CodeTable): ProviderFault {
  return faultFor(meaningOfAnswer(answer, table), errorDataOf(answer));
}

/** The fault of a thrown error. Only a failed connection is certainly harmless, because nothing was sent. */
export function faultOfThrown(error: unknown): ProviderFault {
  // The SDK wraps its transport's error; a download does not.
  const thrown = [error, error instanceof Error ? error.cause : undefined];
  const refused = thrown.find((error) => error instanceof ConnectFailed);
  if (refused) {
    return new ProviderFault('retryable', 'CONNECT_FAILED', refused.message, { cause: error });
  }
  return unreadable(error instanceof Error ? error.message : String(error), error);
}

/** The fault of a missing or untrusted answer: unsigned, malformed, or about another trade. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', message, { cause });
}

function errorDataOf({ code, msg, sub_code, sub_msg }: AlipayAnswer) {
  const message = `Alipay: ${[msg, sub_code, sub_msg].filter(Boolean).join(', ')}`;
  return { code: sub_code ?? code, message };
}
