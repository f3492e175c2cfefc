import { Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config/config.ts';
import { receiversQueue } from '../workflows/task-queues.ts';
import { workflowBundle } from './bundle.ts';

/** Of the time for a stop, after requests have had theirs: activities finish, are cancelled, are given up. */
const [shareOfGrace, shareOfForce] = [0.4, 0.55];

// A call that hangs costs a socket and a timer; what is beyond this waits for its turn, and only for that.
const receiversAtOnce = 1_000;

/**
 * Makes the workers for all of Tender's workflows and activities: one for the platform's own work, and one for
 * what waits for merchants' receivers, with slots of its own. They run once `run()` is called.
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
    // Not held back for most of a heartbeat timeout: a busy moment must not look like death.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: withinMs * shareOfGrace,
    shutdownForceTime: withinMs * shareOfForce,
  } as const;
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: await workflowBundle(deps),
      // Each cached workflow keeps its imports' memory; they are few on purpose.
      maxCachedWorkflows: 1_000,
    }),
    Worker.create({
      ...common,
      taskQueue: receiversQueue(taskQueue),
      maxConcurrentActivityTaskExecutions: receiversAtOnce,
    }),
  ]);
}
