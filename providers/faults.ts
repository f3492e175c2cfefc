export type ProviderFaultKind =
  /** Certainly not executed: the same call may be repeated. */
  | 'retryable'
  /** Our keys, ids or permissions are wrong: no retry helps, a person must look. */
  | 'misconfigured'
  /** Possibly executed: query the provider, then repeat under the SAME id, never a new one. */
  | 'unknownOutcome';

/** A provider call without an answer about the payment. `code` is the provider's own. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly kind: ProviderFaultKind;
  readonly code: string;
  /** Set if the provider named a wait. */
  readonly retryAfterMs: number | undefined;
  /** `request`: the request was at fault, as with an invalid payer id; the account is not. */
  readonly blames: 'provider' | 'request';
  /** An undocumented code: it is unknown whether a retry ever helps. */
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
