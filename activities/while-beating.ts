import { Context } from '@temporalio/activity';

/** Sends a heartbeat with the progress at an interval until the work is done. */
export async function whileBeating<T>(
  { everyMs, progress }: { everyMs: number; progress?: () => unknown },
  work: () => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const heart = setInterval(() => context.heartbeat(progress?.()), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(heart);
  }
}
