import { ConnectFailed } from '../../outbound/calls.ts';
import { faultFor, meaningIn, refusalFor } from '../code-meanings.ts';
import type { CodeMeaning, CodeTable } from '../code-meanings.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';

/** An answer other than 2xx whose signature was verified. */
export type ApiError = { status: number; code: string; message: string; retryAfterMs?: number };

/** `ORDER_CLOSED` becomes `ORDERCLOSED`, as some interfaces still spell it. */
export function bareCode({ code }: { code: string }): string {
  return code.replaceAll('_', '');
}

/** What an error of one operation means, by that operation's table; undefined where nobody documented it. */
export function meaningOfError(error: ApiError, table: CodeTable): CodeMeaning | undefined {
  const documented = meaningIn(table, bareCode(error));
  if (documented) return documented;
  // A status that says by itself that it was turned away, or that nobody knows.
  if (error.status === 429) return 'retry';
  return error.status >= 500 ? 'unknown' : undefined;
}

/** A definite no, as data; throws a fault for an error that is none. */
export function refusalOf(error: ApiError, table: CodeTable): Refusal {
  return refusalFor(meaningOfError(error, table), wordsOf(error));
}

/** A verified answer that settles nothing. Whatever is not known to be harmless has an unknown outcome. */
export function faultOfError(error: ApiError, table: CodeTable): ProviderFault {
  return faultFor(meaningOfError(error, table), wordsOf(error));
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

function wordsOf({ status, code, message, retryAfterMs }: ApiError) {
  return {
    code,
    message: `WeChat Pay: ${[status, code, message].filter(Boolean).join(', ')}`,
    retryAfterMs,
  };
}
