import { Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config/config.ts';
import { receiversQueue } from '../workflows/task-queues.ts';
import { workflowBundle } from './bundle.ts';

/** Shares of the stop deadline, after the API's: when activities are cancelled, and when they are abandoned. */
const [shareOfGrace, shareOfForce] = [0.4, 0.55];

// A hanging call costs a socket and a timer. Calls above this limit queue.
const receiversAtOnce = 1_000;

/**
 * Creates the workers for all workflows and activities: one for the platform's own work, and one with its own slots for
 * calls to merchants' receivers. They start with `run()`.
 */
export async function createWorkers(input: {
  connection: NativeConnection;
  config: Config;
  deps: ActivityDeps;
}): Promise<Worker[]> {
  const { config, deps, connection } = input;
  const { namespace, taskQueue } = config.temporal;
  const { withinMs } = config.stop;
  const common = {
    connection,
    namespace,
    activities: createActivities(deps),
    // The default throttles heartbeats for most of the timeout, so that a short overload would look like a dead worker.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: withinMs * shareOfGrace,
    shutdownForceTime: withinMs * shareOfForce,
  } as const;
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: await workflowBundle(deps),
      // Each cached workflow holds the memory of its imports, which are few on purpose.
      maxCachedWorkflows: 1_000,
    }),
    Worker.create({
      ...common,
      taskQueue: receiversQueue(taskQueue),
      maxConcurrentActivityTaskExecutions: receiversAtOnce,
    }),
  ]);
}
