import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { EndpointId } from '../../domain/ids.ts';
import { runRelay } from '../../webhooks/relay.ts';
import type { ActivityDeps } from '../deps.ts';
import { wakeEndpoint } from './wake-endpoint.ts';

// Between two heartbeats a dead worker goes unnoticed; the policy's timeout is several of them.
const heartbeatMs = 1_000;
// One activity must not run for ever: it comes back to the workflow, which calls it again.
const turnMs = 60 * 60 * 1_000;
const wakeAgainMs = 1_000;

/** Runs the relay of a shard, with a heartbeat that says how it goes. Returns after an hour's turn. */
export async function relayEvents(
  deps: ActivityDeps,
  { shard }: { shard: number },
): Promise<{ ended: string }> {
  const { logger, stopping } = deps;
  const context = Context.current();
  const signal = AbortSignal.any([
    context.cancellationSignal,
    stopping,
    AbortSignal.timeout(turnMs),
  ]);
  let progress = {};
  const heart = setInterval(() => context.heartbeat(progress), heartbeatMs);
  try {
    const ended = await runRelay({
      db: deps.db,
      attempt: deps.attempt,
      shard,
      signal,
      onWindow: deps.traffic.onWindow,
      onEvents: (listener) => deps.onEvents(shard, listener),
      onTroubled: createWaker(deps),
      onProgress: (latest) => {
        progress = latest;
      },
    });
    logger.debug({ shard, ended }, 'relay ended');
    if (stopping.aborted) throw workerStops();
    return { ended };
  } finally {
    clearInterval(heart);
  }
}

/** Tells endpoints' workflows of new work, each at most once a second: it finds all of it anyway. */
function createWaker({ client, taskQueue, logger }: ActivityDeps) {
  const nextWakeMs = new Map<EndpointId, number>();
  return (endpointIds: readonly EndpointId[]): void => {
    const nowMs = Date.now();
    for (const endpointId of endpointIds) {
      if ((nextWakeMs.get(endpointId) ?? 0) > nowMs) continue;
      nextWakeMs.set(endpointId, nowMs + wakeAgainMs);
      wakeEndpoint({ client, taskQueue, endpointId }).catch((error: unknown) =>
        // Not lost: the sweep finds deliveries that are due in no one's hands.
        logger.warn({ error, endpointId }, 'an endpoint could not be woken, the sweep will'),
      );
    }
    if (nextWakeMs.size > 10_000) nextWakeMs.clear();
  };
}

function workerStops(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'worker.stops',
    message: 'this worker stops; another takes the shard over',
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
