import { Piscina } from 'piscina';
import type { MerchantId } from '../../domain/ids.ts';
import type * as tasks from './tasks.ts';

type Tasks = typeof tasks;

export type ThreadOutcome<T> =
  | { kind: 'done'; value: T }
  /** It took more memory than a thread has. */
  | { kind: 'tooLarge' }
  /** The merchant has as much waiting as it may, or no thread got to the end of it: later it may be done. */
  | { kind: 'busy' };

/** Threads for what merchants may make arbitrarily dear, and nobody else should wait for. */
export type WorkerThreads = {
  /** Runs a task; of one merchant one at a time, in their order. Faults are tried again once, then thrown. */
  run<N extends keyof Tasks>(
    merchantId: MerchantId,
    name: N,
    input: Parameters<Tasks[N]>[0],
  ): Promise<ThreadOutcome<ReturnType<Tasks[N]>>>;
  close(): Promise<void>;
};

const threads = 2;
const idleMs = 60_000;
const mostWaiting = 100;
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** Started by the first task, and again after one that took a thread with it. */
export function createWorkerThreads({
  onError,
  entry = new URL('./entry.mjs', import.meta.url),
  lostAfterMs = 15_000,
}: {
  /** A thread broke that had no task. */
  onError: (error: unknown) => void;
  /** The module with the tasks. */
  entry?: URL;
  /** Tasks end themselves sooner; what does not, and a thread that does not start, is ended then. */
  lostAfterMs?: number;
}): WorkerThreads {
  let pool: Piscina | undefined;
  const queues = new Map<MerchantId, (() => void)[]>();

  function open(): Piscina {
    const opened = new Piscina({
      filename: entry.href,
      // None of the process's own: they load what a thread has no use for.
      execArgv: [],
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMs,
      concurrentTasksPerWorker: 1,
      resourceLimits,
    });
    // Without anyone listening it would end the process.
    opened.on('error', onError);
    return opened;
  }

  /** Waits until it is the merchant's turn; false where too many wait already. */
  async function enter(merchantId: MerchantId): Promise<boolean> {
    const queue = queues.get(merchantId);
    if (!queue) {
      queues.set(merchantId, []);
      return true;
    }
    if (queue.length >= mostWaiting) return false;
    await new Promise<void>((resolve) => void queue.push(resolve));
    return true;
  }

  function leave(merchantId: MerchantId): void {
    const next = queues.get(merchantId)?.shift();
    if (next) next();
    else queues.delete(merchantId);
  }

  async function attempt<T>(name: string, input: unknown): Promise<ThreadOutcome<T>> {
    pool ??= open();
    try {
      const signal = AbortSignal.timeout(lostAfterMs);
      return { kind: 'done', value: (await pool.run(input, { name, signal })) as T };
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return { kind: 'busy' };
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') return { kind: 'tooLarge' };
      throw error;
    }
  }

  return {
    async run<N extends keyof Tasks>(
      merchantId: MerchantId,
      name: N,
      input: Parameters<Tasks[N]>[0],
    ): Promise<ThreadOutcome<ReturnType<Tasks[N]>>> {
      if (!(await enter(merchantId))) return { kind: 'busy' };
      try {
        return await attempt<ReturnType<Tasks[N]>>(name, input).catch(async () =>
          // The thread may have died of something else.
          attempt<ReturnType<Tasks[N]>>(name, input),
        );
      } finally {
        leave(merchantId);
      }
    },
    async close() {
      await pool?.destroy();
      pool = undefined;
    },
  };
}
