import type { Database } from '../../db/database.ts';
import { handOver } from '../../db/queries/hand-over.ts';
import type { HandedOver } from '../../db/queries/hand-over.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { FeedReader } from './feed-reader.ts';
import type { QueueHandoff } from '../queue/endpoint-queues.ts';

// What waits for a failing endpoint is in no hurry: a little patience makes one transaction of many.
const patienceMs = 100;

/**
 * Gives what waits for failing endpoints to their workflows. What comes while that is written is given
 * together afterwards: a hundred endpoints that hang at once are one transaction, not a hundred that wait for
 * each other.
 */
export function createHandoff(input: {
  db: Database;
  feed: Pick<FeedReader, 'hold' | 'release' | 'settled'>;
  onHandedOver: (endpointIds: readonly EndpointId[]) => void;
  onError: (error: unknown) => void;
}): {
  add(given: QueueHandoff): void;
  /** What has not been given away by then is still the relay's. */
  stop(): void;
} {
  const { db, feed } = input;
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
        await feed.settled();
        await handOver(db, batch);
        feed.release(endpointIds);
        input.onHandedOver(endpointIds);
      }
    } finally {
      isHanding = false;
    }
  }

  return {
    add({ endpointId, congestion, ...given }) {
      if (!waiting.has(endpointId)) feed.hold(endpointId);
      const known = waiting.get(endpointId)?.eventIds ?? [];
      const eventIds = [...known, ...given.waiting.map(({ eventId }) => eventId)];
      waiting.set(endpointId, { endpointId, eventIds, congestion });
      if (!isHanding) timer ??= setTimeout(() => void handAll().catch(input.onError), patienceMs);
    },
    stop: () => clearTimeout(timer),
  };
}
