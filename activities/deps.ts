import type { Attempter } from '../delivery/send/attempt.ts';
import type { TrafficCounter } from '../delivery/queue/traffic.ts';
import type { EventNews } from '../delivery/relay/relay.ts';
import type { ServiceDeps } from '../services/deps.ts';
import type { DeliveryRuns } from '../services/notifications/delivery-runs.ts';
import type { HandledRuns } from '../services/recovery/handled-runs.ts';

/** The dependencies of activities, created once per process in `server/`. */
export type ActivityDeps = ServiceDeps & {
  attempt: Attempter;
  /** Counts deliveries for the metrics of an endpoint's page. */
  traffic: TrafficCounter;
  runs: DeliveryRuns;
  handledRuns: HandledRuns;
  /** Subscribes to new events of a shard; returns the unsubscribe function. */
  onEvents: (shard: number, listener: (news: EventNews) => void) => () => void;
  /** Aborts when this worker is about to stop, so that long activities move on. */
  stopping: AbortSignal;
};
