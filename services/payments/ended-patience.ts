import { isBeyondPatience } from '../../domain/patience.ts';
import { ProviderFault } from '../../providers/faults.ts';

/**
 * The provider's code, where it has neither done nor refused what has been wanted for so long that asking again is no
 * more than hope; undefined as long as there is hope: an account is mended by a person within a day, and a provider that
 * is away comes back, while what was asked for wrongly stays wrong.
 */
export function endedPatience(error: unknown, { since }: { since: Date }): string | undefined {
  if (!(error instanceof ProviderFault) || error.kind === 'retryable') return undefined;
  const { code, isUndocumented, kind, blames } = error;
  const isHopeless = isUndocumented || (kind === 'misconfigured' && blames === 'request');
  return isBeyondPatience({ since }, { isHopeless, nowMs: Date.now() }) ? code : undefined;
}
