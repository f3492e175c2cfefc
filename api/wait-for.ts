import { createWakeSignal } from '../db/wake-signal.ts';

const longestWaitSeconds = 60;

/** Reads `Prefer: wait=N` (RFC 7240), in ms; the fallback without one. `respond-async` waits for nothing. */
export function parseWaitMs(prefer: string | undefined, fallbackMs: number): number {
  if (prefer === undefined) return fallbackMs;
  if (/(^|[,;\s])respond-async($|[,;\s])/i.test(prefer)) return 0;
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer)?.[1];
  return seconds === undefined ? fallbackMs : Math.min(Number(seconds), longestWaitSeconds) * 1_000;
}

/**
 * Reads until what is read is enough, looking again only when the database says that something
 * changed. Answers with the last read when the time is over or `caller` aborts.
 */
export async function waitFor<T>(input: {
  /** How to hear that something may have changed; gives back how to stop. */
  subscribe: (tell: () => void) => () => void;
  timeoutMs: number;
  caller: AbortSignal;
  read: () => Promise<T>;
  isEnough: (value: T) => boolean;
  /** The caller knows that nothing is there to see yet: the first look comes with the first change. */
  isKnownStale?: boolean;
}): Promise<T> {
  const wake = createWakeSignal();
  // Listening begins before the first look, so that no change falls between the two.
  const stop = input.subscribe(wake.signal);
  input.caller.addEventListener('abort', wake.signal, { once: true });
  if (input.caller.aborted) wake.signal();
  const endsMs = Date.now() + input.timeoutMs;
  try {
    if (input.isKnownStale && input.timeoutMs > 0) await wake.wait(input.timeoutMs);
    for (;;) {
      const value = await input.read();
      const leftMs = endsMs - Date.now();
      if (leftMs <= 0 || input.caller.aborted || input.isEnough(value)) return value;
      await wake.wait(leftMs);
    }
  } finally {
    stop();
    input.caller.removeEventListener('abort', wake.signal);
  }
}
