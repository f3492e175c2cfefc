const beijingOffsetMs = 8 * 60 * 60 * 1000;
const wallTime = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/;

/** `yyyy-MM-dd HH:mm:ss` in UTC+8, whatever the process time zone is. Cuts to the second, never rounds up. */
export function toAlipayTime(timeMs: number): string {
  return new Date(timeMs + beijingOffsetMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** Alipay's wall time as ISO 8601; undefined when it is none. Fractions of a second are dropped. */
export function fromAlipayTime(text: string): string | undefined {
  if (!wallTime.test(text)) return undefined;
  const timeMs = Date.parse(`${text.slice(0, 19).replace(' ', 'T')}+08:00`);
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toISOString();
}

/** When the bill of a day is surely made: on the next it is, from about 09:00 UTC+8 on; three hours more for their bad days. */
export function billDueAtMs(date: string): number {
  return Date.parse(`${date}T12:00:00+08:00`) + 24 * 60 * 60 * 1000;
}
