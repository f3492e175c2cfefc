import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config/config.ts';
import { createWorkers } from './create-workers.ts';
import { keepRequiredWorkflows, startRequiredWorkflows } from './keep-required-workflows.ts';

const retryMs = 1_000;

/**
 * Runs the workers until `deps.stopping` aborts, then lets open tasks finish. If one fails, for example because
 * Temporal came back without its state, all are recreated.
 */
export async function runWorker(input: {
  connection: NativeConnection;
  config: Config;
  deps: ActivityDeps;
  onReady: () => void;
}): Promise<void> {
  const { deps } = input;
  const keeping = keepRequiredWorkflows(deps);
  while (!deps.stopping.aborted) {
    try {
      const workers = await createWorkers(input);
      const running = runUntilStopped(workers, deps.stopping);
      try {
        await Promise.race([running, startRequiredWorkflows(deps)]);
      } catch (error) {
        // The next workers must not run beside these.
        shutDown(workers);
        await running;
        throw error;
      }
      input.onReady();
      await running;
    } catch (error) {
      deps.logger.error({ err: error }, 'the worker failed and is recreated');
      await sleep(retryMs);
    }
  }
  await keeping;
}

/** Resolves when all workers have ended; rejects with the first failure if one failed. */
async function runUntilStopped(workers: readonly Worker[], stopping: AbortSignal): Promise<void> {
  const stop = () => shutDown(workers);
  stopping.addEventListener('abort', stop, { once: true });
  try {
    const ended = await Promise.allSettled(workers.map((worker) => worker.run().finally(stop)));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}
