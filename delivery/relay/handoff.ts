import type { Database } from '../../db/database.ts';
import { handOver } from '../../db/queries/hand-over.ts';
import type { HandedOver } from '../../db/queries/hand-over.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { FeedReader } from './feed-reader.ts';
import type { QueueHandoff } from '../queue/endpoint-queues.ts';

// Deliveries of failing endpoints are not urgent: a short delay combines many into one transaction.
const batchDelayMs = 100;

/**
 * Hands deliveries of failing endpoints over to their workflows. Those added during a write are combined into the next:
 * a hundred endpoints that stall together cost one transaction, not a hundred that wait for each other.
 */
export function createHandoff(input: {
  db: Database;
  feed: Pick<FeedReader, 'hold' | 'release' | 'settled'>;
  onHandedOver: (endpointIds: readonly EndpointId[]) => void;
  onError: (error: unknown) => void;
}): {
  add(handoff: QueueHandoff): void;
  /** Deliveries not handed over by then stay the relay's. */
  stop(): void;
} {
  const { db, feed } = input;
  const waiting = new Map<EndpointId, HandedOver>();
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;

  async function writeAll(): Promise<void> {
    isWriting = true;
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
      isWriting = false;
    }
  }

  return {
    add({ endpointId, congestion, ...handoff }) {
      if (!waiting.has(endpointId)) feed.hold(endpointId);
      const known = waiting.get(endpointId)?.eventIds ?? [];
      const eventIds = [...known, ...handoff.waiting.map(({ eventId }) => eventId)];
      waiting.set(endpointId, { endpointId, eventIds, congestion });
      if (!isWriting)
        timer ??= setTimeout(() => void writeAll().catch(input.onError), batchDelayMs);
    },
    stop: () => clearTimeout(timer),
  };
}
