import { setTimeout as sleep } from 'node:timers/promises';

/** The awaited work did not finish in time. */
export class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong';
}

/** Waits for `work` for at most `timeoutMs`, then rejects with `WaitedTooLong`, which names `what`. */
export async function within<T>(
  work: Promise<T>,
  { timeoutMs, what }: { timeoutMs: number; what: string },
): Promise<T> {
  const done = new AbortController();
  const tooLate = sleep(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new WaitedTooLong(`waited ${timeoutMs} ms without a result for ${what}`);
  });
  // Aborted below once the race is decided.
  tooLate.catch(() => {});
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    done.abort();
  }
}
