import { createWakeSignal } from '../db/wake-signal.ts';

const longestWaitSeconds = 60;

/** Parses `Prefer: wait=N` (RFC 7240) to ms, at most 60 s; the fallback without it, 0 for `respond-async`. */
export function parseWaitMs(prefer: string | undefined, fallbackMs: number): number {
  if (prefer === undefined) return fallbackMs;
  if (/(^|[,;\s])respond-async($|[,;\s])/i.test(prefer)) return 0;
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer)?.[1];
  return seconds === undefined ? fallbackMs : Math.min(Number(seconds), longestWaitSeconds) * 1_000;
}

/**
 * Reads until `isEnough`, again only after a change notification. Returns the last value at the timeout or when
 * `caller` aborts.
 */
export async function waitFor<T>(input: {
  /** Subscribes to changes; returns a function that unsubscribes. */
  subscribe: (onChange: () => void) => () => void;
  timeoutMs: number;
  caller: AbortSignal;
  read: () => Promise<T>;
  isEnough: (value: T) => boolean;
  /** True if nothing can have changed yet: the first read comes after the first notification. */
  isKnownStale?: boolean;
}): Promise<T> {
  const wake = createWakeSignal();
  // Subscribes before the first read, so that no change is missed between the two.
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
