import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import { onAcknowledged, onFailed } from '../../domain/congestion.ts';
import type { Congestion } from '../../domain/congestion.ts';

/** An endpoint's congestion state after one attempt. `lossesBefore`: the state's `losses` when the attempt began. */
export function afterOutcome(
  congestion: Congestion,
  { outcome, lossesBefore }: { outcome: AttemptOutcome; lossesBefore: number },
): Congestion {
  if (outcome.kind === 'delivered') return onAcknowledged(congestion);
  // It was not sent, so it shows nothing about the endpoint.
  if (outcome.kind === 'dropped') return congestion;
  return onFailed(congestion, {
    nowMs: Date.now(),
    random: Math.random(),
    lossesBefore,
    retryAfterMs: outcome.kind === 'retry' ? outcome.retryAfterMs : undefined,
  });
}
