import type { Payment } from './book.ts';

/** Details of a payer's code or URL, under the provider's name for it, with its expiry. */
export function handleDetails(
  { name, value, lifetimeMs }: { name: string; value: string; lifetimeMs: number },
  nowMs: number,
): Record<string, string> {
  return { [name]: value, handleUntilMs: String(nowMs + lifetimeMs) };
}

/** True for the newest code or URL until it expires. One without an expiry, from an earlier release, never expires. */
export function isHandleAlive(
  { details }: Payment,
  { name, value }: { name: string; value: string | undefined },
  nowMs = Date.now(),
): boolean {
  const untilMs = Number(details['handleUntilMs'] ?? Number.POSITIVE_INFINITY);
  return details[name] === value && nowMs < untilMs;
}
