import { setTimeout as sleep } from 'node:timers/promises';

/** What was waited for did not come in time. */
export class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong';
}

/** Waits for what others do, and no longer than `timeoutMs`: then rejects, naming `what` was waited for. */
export async function within<T>(
  work: Promise<T>,
  { timeoutMs, what }: { timeoutMs: number; what: string },
): Promise<T> {
  const done = new AbortController();
  const tooLate = sleep(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new WaitedTooLong(`waited ${timeoutMs} ms in vain for ${what}`);
  });
  // Ended below, once it is of no more use.
  tooLate.catch(() => {});
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    done.abort();
  }
}
