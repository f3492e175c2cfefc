import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { recordHeartbeat } from '../../db/queries/heartbeats.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { runRelay } from '../../delivery/relay/relay.ts';
import type { ActivityDeps } from '../deps.ts';
import { whileBeating } from '../while-beating.ts';
import { logDisabled } from '../../services/notifications/log-disabled.ts';
import { createEndpointSignaller } from '../../services/notifications/endpoint-signaller.ts';

// Between two heartbeats a dead worker goes unnoticed; the policy's timeout is several of them.
const heartbeatMs = 1_000;
/** How often the database is told that the relay is at work. */
const seenEveryMs = 5_000;
// One activity must not run for ever: it comes back to the workflow, which calls it again.
const turnMs = 60 * 60 * 1_000;

/** Runs the relay of a shard, with a heartbeat that says how it goes. Returns after an hour's turn. */
export async function relayEvents(
  deps: ActivityDeps,
  { shard }: { shard: number },
): Promise<{ ended: string }> {
  const { logger, stopping } = deps;
  const { cancellationSignal: cancelled } = Context.current();
  const signal = AbortSignal.any([cancelled, stopping, AbortSignal.timeout(turnMs)]);
  let progress = {};
  let isSeenAtMs = 0;
  const ended = await whileBeating({ everyMs: heartbeatMs, progress: () => progress }, () =>
    runRelay({
      db: deps.db,
      attempt: deps.attempt,
      shard,
      signal,
      cancelled,
      onWindow: deps.traffic.onWindow,
      onEvents: (listener) => deps.onEvents(shard, listener),
      onFailing: createEndpointSignaller(deps),
      onDisabled: (endpointIds) => logDisabled(deps, endpointIds),
      onProgress: (latest) => {
        progress = latest;
      },
      onLook: () => {
        if (Date.now() < isSeenAtMs + seenEveryMs) return;
        isSeenAtMs = Date.now();
        recordHeartbeat(deps.db, { workflowId: workflowIds.dispatchEvents(shard) }).catch(
          (error: unknown) => logger.warn({ err: error, shard }, 'a heartbeat was not written'),
        );
      },
    }),
  );
  logger.debug({ shard, ended }, 'relay ended');
  if (stopping.aborted) throw workerStops();
  return { ended };
}

function workerStops(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'worker.stops',
    message: 'this worker stops; another takes the shard over',
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
