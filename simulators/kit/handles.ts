import type { Payment } from './book.ts';

/** What a payer is given to pay by, under the provider's own name for it, and how long it can be used. */
export function handleDetails(
  { name, value, lifetimeMs }: { name: string; value: string; lifetimeMs: number },
  nowMs: number,
): Record<string, string> {
  return { [name]: value, handleUntilMs: String(nowMs + lifetimeMs) };
}

/** True for the newest one, while it can be used. One without an end, as of an earlier release's book, lives on. */
export function isHandleAlive(
  { details }: Payment,
  { name, value }: { name: string; value: string | undefined },
  nowMs = Date.now(),
): boolean {
  const untilMs = Number(details['handleUntilMs'] ?? Number.POSITIVE_INFINITY);
  return details[name] === value && nowMs < untilMs;
}
