import { isBeyondPatience } from '../../domain/patience.ts';
import { ProviderFault } from '../../providers/faults.ts';

/**
 * The provider's code, where it has neither done nor refused what has been wanted for so long that asking again is no
 * more than hope. Throws what was thrown as long as there is hope.
 */
export function codeBeyondPatience(error: unknown, { since }: { since: Date }): string {
  if (!(error instanceof ProviderFault) || error.kind !== 'unknownOutcome') throw error;
  const { code, isUndocumented } = error;
  if (!isBeyondPatience({ since }, { isUndocumented, nowMs: Date.now() })) throw error;
  return code;
}
