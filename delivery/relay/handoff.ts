import type { Database } from '../../db/database.ts';
import { handOver } from '../../db/queries/hand-over.ts';
import type { HandedOver } from '../../db/queries/hand-over.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Intake } from './feed-reader.ts';
import type { LaneOverflow } from '../queue/endpoint-queues.ts';

// What waits for an endpoint in trouble is in no hurry: a little patience makes one transaction of many.
const patienceMs = 100;

/**
 * Gives what waits for endpoints in trouble to their workflows. What comes while that is written is given
 * together afterwards: a hundred endpoints that hang at once are one transaction, not a hundred that wait for
 * each other.
 */
export function createOverflow(input: {
  db: Database;
  intake: Pick<Intake, 'hold' | 'release' | 'settled'>;
  onHandedOver: (endpointIds: readonly EndpointId[]) => void;
  onError: (error: unknown) => void;
}): {
  add(given: LaneOverflow): void;
  /** What has not been given away by then is still the relay's. */
  stop(): void;
} {
  const { db, intake } = input;
  const waiting = new Map<EndpointId, HandedOver>();
  let isHanding = false;
  let timer: NodeJS.Timeout | undefined;

  async function handAll(): Promise<void> {
    isHanding = true;
    timer = undefined;
    try {
      while (waiting.size > 0) {
        const batch = [...waiting.values()];
        const endpointIds = [...waiting.keys()];
        waiting.clear();
        await intake.settled();
        await handOver(db, batch);
        intake.release(endpointIds);
        input.onHandedOver(endpointIds);
      }
    } finally {
      isHanding = false;
    }
  }

  return {
    add({ endpointId, congestion, ...given }) {
      if (!waiting.has(endpointId)) intake.hold(endpointId);
      const known = waiting.get(endpointId)?.eventIds ?? [];
      const eventIds = [...known, ...given.waiting.map(({ eventId }) => eventId)];
      waiting.set(endpointId, { endpointId, eventIds, congestion });
      if (!isHanding) timer ??= setTimeout(() => void handAll().catch(input.onError), patienceMs);
    },
    stop: () => clearTimeout(timer),
  };
}
