import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EventNews } from '../delivery/relay/relay.ts';
import type { TrafficCounter } from '../delivery/queue/traffic.ts';
import type { Attempter } from '../delivery/send/attempt.ts';
import type { Sealer } from '../db/sealed.ts';
import type { Sender } from '../delivery/send/send.ts';
import type { HandledRuns } from '../services/recovery/handled-runs.ts';
import type { Rounds } from '../services/notifications/delivery-runs.ts';
import type { AccountHealth } from '../services/payments/account-health.ts';
import type { ProviderDirectory } from '../services/payments/provider-directory.ts';

/** All that activities work with. Made once a process, in `worker/`. */
export type ActivityDeps = {
  db: Database;
  client: Client;
  taskQueue: string;
  sealer: Sealer;
  providers: ProviderDirectory;
  health: AccountHealth;
  sender: Sender;
  attempt: Attempter;
  /** Counts what is sent, for the figures on an endpoint's page. */
  traffic: TrafficCounter;
  rounds: Rounds;
  handledRuns: HandledRuns;
  /** Tells of new events in a shard; returns how to stop hearing. */
  onEvents: (shard: number, listener: (news: EventNews) => void) => () => void;
  publicUrl: string;
  logger: Logger;
  /** Aborts when this worker is about to stop, so that long activities move on. */
  stopping: AbortSignal;
};
