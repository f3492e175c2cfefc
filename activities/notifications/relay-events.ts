import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { runRelay } from '../../webhooks/relay.ts';
import type { ActivityDeps } from '../deps.ts';
import { createWaker } from './waker.ts';

// Between two heartbeats a dead worker goes unnoticed; the policy's timeout is several of them.
const heartbeatMs = 1_000;
// One activity must not run for ever: it comes back to the workflow, which calls it again.
const turnMs = 60 * 60 * 1_000;

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

function workerStops(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'worker.stops',
    message: 'this worker stops; another takes the shard over',
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
