import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ReplayId } from '../../domain/ids.ts';
import { advanceReplay } from '../../db/queries/replays.ts';
import type { ReplayProgress } from '../../workflows/activities.ts';
import type { ActivityDeps } from '../deps.ts';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';

const stepSize = 500;
const turnMs = 60_000;

/** Queues a replay's events in steps and signals its endpoint's workflow. Returns after at most a minute. */
export async function queueReplay(
  deps: ActivityDeps,
  { replayId }: { replayId: ReplayId },
): Promise<ReplayProgress> {
  const endsMs = Date.now() + turnMs;
  for (;;) {
    const advanced = await advanceReplay(deps.db, { replayId, limit: stepSize });
    // No retry would find a missing replay.
    if (!advanced) {
      throw ApplicationFailure.nonRetryable(`there is no replay ${replayId}`, 'replay.absent');
    }
    const { replay, isOver } = advanced;
    const { lookedAt, queued, endpointId } = replay;
    Context.current().heartbeat({ lookedAt, queued });
    if (queued > 0) await signalEndpoint({ ...deps, endpointId });
    if (isOver || Date.now() >= endsMs || deps.stopping.aborted) {
      return { isOver, lookedAt, queued };
    }
  }
}
