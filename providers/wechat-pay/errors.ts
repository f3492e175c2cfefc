import { ConnectFailed } from '../../outbound/calls.ts';
import { faultFor, meaningIn, refusalFor } from '../code-meanings.ts';
import type { CodeMeaning, CodeTable } from '../code-meanings.ts';
import { ProviderFault } from '../faults.ts';
import type { Refusal } from '../provider.ts';

/** A verified answer other than 2xx. */
export type ApiError = { status: number; code: string; message: string; retryAfterMs?: number };

/** `ORDER_CLOSED` becomes `ORDERCLOSED`, as some interfaces still spell it. */
export function bareCode({ code }: { code: string }): string {
  return code.replaceAll('_', '');
}

/** The meaning of an error of one operation, by that operation's code table; undefined for an undocumented code. */
export function meaningOfError(error: ApiError, table: CodeTable): CodeMeaning | undefined {
  const documented = meaningIn(table, bareCode(error));
  if (documented) return documented;
  // Without a documented code, these statuses decide: refused before execution, or unknown.
  if (error.status === 429) return 'retry';
  return error.status >= 500 ? 'unknown' : undefined;
}

/** Returns a definite refusal as data; throws a ProviderFault for any other error. */
export function refusalOf(error: ApiError, table: CodeTable): Refusal {
  return refusalFor(meaningOfError(error, table), errorDataOf(error));
}

/** The fault of a verified error. The outcome is unknown unless the code is known to be harmless. */
export function faultOfError(error: ApiError, table: CodeTable): ProviderFault {
  return faultFor(meaningOfError(error, table), errorDataOf(error));
}

/** The fault of a transport error. Only a failed connection is certainly harmless, because nothing was sent. */
export function faultOfThrown(error: unknown): ProviderFault {
  if (error instanceof ConnectFailed) {
    return new ProviderFault('retryable', 'CONNECT_FAILED', error.message, { cause: error });
  }
  return unreadable(error instanceof Error ? error.message : String(error), error);
}

/** The fault of a missing or untrusted answer: unsigned, malformed, or about something else. */
export function unreadable(message: string, cause?: unknown): ProviderFault {
  return new ProviderFault('unknownOutcome', 'NO_TRUSTED_ANSWER', message, { cause });
}

function errorDataOf({ status, code, message, retryAfterMs }: ApiError) {
  return {
    code,
    message: `WeChat Pay: ${[status, code, message].filter(Boolean).join(', ')}`,
    retryAfterMs,
  };
}
