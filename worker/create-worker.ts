import { Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config/config.ts';
import { workflowBundle } from './bundle.ts';

/** Makes a worker for all of Tender's workflows and activities. It runs once `run()` is called. */
export async function createWorker(input: {
  connection: NativeConnection;
  config: Config;
  deps: ActivityDeps;
}): Promise<Worker> {
  const { config, deps } = input;
  return Worker.create({
    connection: input.connection,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    workflowBundle: await workflowBundle(deps),
    activities: createActivities(deps),
    // Each cached workflow keeps its imports' memory; they are few on purpose.
    maxCachedWorkflows: 1_000,
    // Not held back for most of a heartbeat timeout: a busy moment must not look like death.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '20s',
    shutdownForceTime: '25s',
  });
}
