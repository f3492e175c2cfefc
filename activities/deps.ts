import type { Attempter } from '../delivery/send/attempt.ts';
import type { TrafficCounter } from '../delivery/queue/traffic.ts';
import type { EventNews } from '../delivery/relay/relay.ts';
import type { ServiceDeps } from '../services/deps.ts';
import type { DeliveryRuns } from '../services/notifications/delivery-runs.ts';
import type { HandledRuns } from '../services/recovery/handled-runs.ts';

/** All that activities work with. Made once a process, in `server/`. */
export type ActivityDeps = ServiceDeps & {
  attempt: Attempter;
  /** Counts what is sent, for the figures on an endpoint's page. */
  traffic: TrafficCounter;
  runs: DeliveryRuns;
  handledRuns: HandledRuns;
  /** Tells of new events in a shard; returns how to stop hearing. */
  onEvents: (shard: number, listener: (news: EventNews) => void) => () => void;
  /** Aborts when this worker is about to stop, so that long activities move on. */
  stopping: AbortSignal;
};
