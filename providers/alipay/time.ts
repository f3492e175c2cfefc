const beijingOffsetMs = 8 * 60 * 60 * 1000;
const wallTime = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/;

/** Formats `yyyy-MM-dd HH:mm:ss` in UTC+8, whatever the process time zone is. Truncates to the second. */
export function toAlipayTime(timeMs: number): string {
  return new Date(timeMs + beijingOffsetMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** Parses Alipay's local time to ISO 8601; undefined if it is none. Drops fractions of a second. */
export function fromAlipayTime(text: string): string | undefined {
  if (!wallTime.test(text)) return undefined;
  const timeMs = Date.parse(`${text.slice(0, 19).replace(' ', 'T')}+08:00`);
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toISOString();
}

/**
 * When a day's bill is certainly published: it appears the next day from about 09:00 UTC+8; this adds three hours of
 * margin.
 */
export function billDueAtMs(date: string): number {
  return Date.parse(`${date}T12:00:00+08:00`) + 24 * 60 * 60 * 1000;
}
