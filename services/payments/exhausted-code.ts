import { isRetryWindowOver } from '../../domain/retry-window.ts';
import { ProviderFault } from '../../providers/faults.ts';

/**
 * The provider's code if an operation has stayed without effect or refusal for so long that retrying is hopeless;
 * undefined while retries may help. A person repairs an account within a day and an unavailable provider recovers, but
 * a wrong request stays wrong.
 */
export function exhaustedCode(error: unknown, { since }: { since: Date }): string | undefined {
  if (!(error instanceof ProviderFault) || error.kind === 'retryable') return undefined;
  const { code, isUndocumented, kind, blames } = error;
  const isHopeless = isUndocumented || (kind === 'misconfigured' && blames === 'request');
  return isRetryWindowOver({ since }, { isHopeless, nowMs: Date.now() }) ? code : undefined;
}
