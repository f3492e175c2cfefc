const beijingOffsetMs = 8 * 60 * 60 * 1000;

/** RFC 3339 to the second in UTC+8, whatever the process time zone is. Truncates. */
export function toWechatTime(timeMs: number): string {
  return `${new Date(timeMs + beijingOffsetMs).toISOString().slice(0, 19)}+08:00`;
}

/** Parses WeChat's RFC 3339 time to ISO 8601; undefined if it is none. */
export function fromWechatTime(text: string): string | undefined {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
  return pattern.test(text) ? isoOf(Date.parse(text)) : undefined;
}

/** Parses a bill's local time (`2026-01-02 03:04:05`, UTC+8) to ISO 8601. */
export function fromBillTime(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined;
  return isoOf(Date.parse(`${text.replace(' ', 'T')}+08:00`));
}

/** When a day's bill is published at the latest: 10:00 of the next day, UTC+8. */
export function billDueAtMs(date: string): number {
  return Date.parse(`${date}T10:00:00+08:00`) + 24 * 60 * 60 * 1000;
}

function isoOf(timeMs: number): string | undefined {
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toISOString();
}
