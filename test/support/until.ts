import { setTimeout as sleep } from 'node:timers/promises';

const lookEveryMs = 20;

/** Waits for a condition, not for a time: gives back the first value that is neither undefined nor false. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const endsMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endsMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(lookEveryMs);
  }
}
