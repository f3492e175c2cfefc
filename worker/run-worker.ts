import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config/config.ts';
import { createWorker } from './create-worker.ts';
import { startSingletons } from './start-singletons.ts';

/** Which dispatch shards there are. Merchants stay in the shard they were created in. */
export const shards: readonly number[] = [0];

const retryMs = 1_000;

/**
 * Runs a worker until `deps.stopping` aborts, then lets what is under way finish. A worker that
 * fails, as when Temporal comes back without its state, is made anew.
 */
export async function runWorker(input: {
  connection: NativeConnection;
  config: Config;
  deps: ActivityDeps;
  onReady: () => void;
}): Promise<void> {
  const { deps, config } = input;
  while (!deps.stopping.aborted) {
    try {
      const worker = await createWorker(input);
      const running = runUntilStopped(worker, deps.stopping);
      try {
        await Promise.race([
          running,
          startSingletons({ client: deps.client, taskQueue: config.temporal.taskQueue, shards }),
        ]);
      } catch (error) {
        // Its successor must not work beside it.
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await running;
        throw error;
      }
      input.onReady();
      await running;
    } catch (error) {
      deps.logger.error({ err: error }, 'the worker failed and is made anew');
      await sleep(retryMs);
    }
  }
}

async function runUntilStopped(worker: Worker, stopping: AbortSignal): Promise<void> {
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  stopping.addEventListener('abort', stop, { once: true });
  try {
    await worker.run();
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}
