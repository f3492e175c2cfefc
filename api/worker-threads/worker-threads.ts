import { Piscina } from 'piscina';
import type { MerchantId } from '../../domain/ids.ts';
import type * as tasks from './tasks.ts';

type Tasks = typeof tasks;

export type ThreadOutcome<T> =
  | { kind: 'done'; value: T }
  /** The task exceeded the memory limit of a thread. */
  | { kind: 'tooLarge' }
  /** The merchant's queue is full, or no thread finished the task in time; a retry may succeed. */
  | { kind: 'busy' };

/** Worker threads for work whose cost a merchant controls, so that it blocks no one else. */
export type WorkerThreads = {
  /** Runs a task. Tasks of one merchant run one at a time, in order. A failure is retried once, then thrown. */
  run<N extends keyof Tasks>(
    merchantId: MerchantId,
    name: N,
    input: Parameters<Tasks[N]>[0],
  ): Promise<ThreadOutcome<ReturnType<Tasks[N]>>>;
  close(): Promise<void>;
};

const threads = 2;
const idleMs = 60_000;
const maxWaiting = 100;
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** Creates the pool. Threads start with the first task, and again after a task ended one. */
export function createWorkerThreads({
  onError,
  entry = new URL('./entry.mjs', import.meta.url),
  lostAfterMs = 15_000,
}: {
  /** Called when a thread without a task fails. */
  onError: (error: unknown) => void;
  /** The module with the tasks. */
  entry?: URL;
  /** The deadline of a task or of a thread's start; tasks have shorter timeouts of their own. */
  lostAfterMs?: number;
}): WorkerThreads {
  let pool: Piscina | undefined;
  const queues = new Map<MerchantId, (() => void)[]>();

  function open(): Piscina {
    const opened = new Piscina({
      filename: entry.href,
      // Without the process's options, which load modules that threads do not need.
      execArgv: [],
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMs,
      concurrentTasksPerWorker: 1,
      resourceLimits,
    });
    // Without a listener an error would end the process.
    opened.on('error', onError);
    return opened;
  }

  /** Waits for the merchant's turn; false if its queue is full. */
  async function enter(merchantId: MerchantId): Promise<boolean> {
    const queue = queues.get(merchantId);
    if (!queue) {
      queues.set(merchantId, []);
      return true;
    }
    if (queue.length >= maxWaiting) return false;
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
          // The thread may have failed for another reason.
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
