import { ConnectFailed } from '../../outbound/calls.ts';
import { faultFor, meaningIn, refusalFor } from '../code-meanings.ts';
import type { CodeMeaning, CodeTable } from '../code-meanings.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';
import { gatewayCodes } from './codes.ts';

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

/** What the answer to one operation means, by that operation's table; undefined where nobody documented it. */
export function meaningOfAnswer(answer: AlipayAnswer, table: CodeTable): CodeMeaning | undefined {
  const subCode = bareSubCode(answer);
  if (answer.code === '40004') return meaningIn(table, subCode);
  // Of all that the gateway refuses by itself, the one that is about a value and not about the account.
  if (answer.code === '40002' && subCode === 'invalid-parameter') return 'badRequest';
  return meaningIn(gatewayCodes, answer.code);
}

/** A definite no, as data; throws a fault for an answer that is none. */
export function refusalOf(answer: AlipayAnswer, table: CodeTable): Refusal {
  return refusalFor(meaningOfAnswer(answer, table), wordsOf(answer));
}

/** A signed answer that settles nothing. Whatever is not known to be harmless has an unknown outcome. */
export function faultOfAnswer(answer: AlipayAnswer, table: CodeTable): ProviderFault {
  return faultFor(meaningOfAnswer(answer, table), wordsOf(answer));
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
