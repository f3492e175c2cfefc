export type ProviderFaultKind =
  /** Surely not executed: the same call may be made again. */
  | 'retryable'
  /** Our keys, ids or rights are wrong: no retry helps, a person must look. */
  | 'misconfigured'
  /** May or may not have executed: ask the provider, then repeat under the SAME id, never a new one. */
  | 'unknownOutcome';

/** A provider call that ended in no answer about the payment. `code` is the provider's own. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly kind: ProviderFaultKind;
  readonly code: string;
  /** Set when the provider said how long to wait. */
  readonly retryAfterMs: number | undefined;
  /** `request`: what was asked for was at fault, as a payer's id that is none; it says nothing of the account. */
  readonly blames: 'provider' | 'request';
  /** A code that its provider documents nowhere: nobody knows whether asking again will ever help. */
  readonly isUndocumented: boolean;

  constructor(
    kind: ProviderFaultKind,
    code: string,
    message: string,
    options: {
      cause?: unknown;
      retryAfterMs?: number;
      blames?: 'provider' | 'request';
      isUndocumented?: boolean;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.blames = options.blames ?? 'provider';
    this.isUndocumented = options.isUndocumented ?? false;
  }
}
