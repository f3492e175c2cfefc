import { Context } from '@temporalio/activity';

/** Says to Temporal every so often that this worker lives, and how the work goes, until it is done. */
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
