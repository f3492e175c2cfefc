import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { recordHeartbeat } from '../../db/queries/heartbeats.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { runRelay } from '../../delivery/relay/relay.ts';
import type { ActivityDeps } from '../deps.ts';
import { whileBeating } from '../while-beating.ts';
import { logDisabled } from '../../services/notifications/log-disabled.ts';
import { createEndpointSignaller } from '../../services/notifications/endpoint-signaller.ts';

// Heartbeat interval. The policy's heartbeat timeout is several of them.
const heartbeatMs = 1_000;
/** How often the relay's heartbeat is stored in the database. */
const recordEveryMs = 5_000;
// The activity returns after this time and its workflow calls it again, so that no activity runs for ever.
const turnMs = 60 * 60 * 1_000;

/** Runs the relay of a shard and reports its progress by heartbeats. Returns after at most an hour. */
export async function relayEvents(
  deps: ActivityDeps,
  { shard }: { shard: number },
): Promise<{ ended: string }> {
  const { logger, stopping } = deps;
  const { cancellationSignal: cancelled } = Context.current();
  const signal = AbortSignal.any([cancelled, stopping, AbortSignal.timeout(turnMs)]);
  let progress = {};
  let recordedAtMs = 0;
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
        if (Date.now() < recordedAtMs + recordEveryMs) return;
        recordedAtMs = Date.now();
        recordHeartbeat(deps.db, { workflowId: workflowIds.dispatchEvents(shard) }).catch(
          (error: unknown) =>
            logger.warn({ err: error, shard }, 'the heartbeat could not be stored'),
        );
      },
    }),
  );
  logger.debug({ shard, ended }, 'relay ended');
  if (stopping.aborted) throw workerStopping();
  return { ended };
}

function workerStopping(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'worker.stops',
    message: 'this worker is stopping; another takes over the shard',
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
