/** WeChat's clock is UTC+8. The simulator implements it itself, so that it shares no mistake with the client. */
const zoneOffsetMs = 8 * 3_600_000;

/** `2018-06-08T10:34:56+08:00` */
export function rfc3339(timeMs: number): string {
  return `${wallTime(timeMs).replace(' ', 'T')}+08:00`;
}

/** `2018-06-08 10:34:56` */
export function wallTime(timeMs: number): string {
  return new Date(timeMs + zoneOffsetMs).toISOString().replace(/T(.*)\..*/, ' $1');
}

/** `20180608` */
export function dayOf(timeMs: number): string {
  return wallTime(timeMs).slice(0, 10).replaceAll('-', '');
}

/** The start of a day; undefined if the text is no day. */
export function startOfDay(date: string): number | undefined {
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) - zoneOffsetMs : Number.NaN;
  return Number.isNaN(timeMs) || wallTime(timeMs).slice(0, 10) !== date ? undefined : timeMs;
}
