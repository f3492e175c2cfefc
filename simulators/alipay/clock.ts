/** Alipay's wall clock is UTC+8. The simulator implements it itself, so that it shares no mistake with the client. */
const zoneOffsetMs = 8 * 3_600_000;

/** `2014-07-24 03:07:50` */
export function wallTime(timeMs: number): string {
  return new Date(timeMs + zoneOffsetMs).toISOString().replace(/T(.*)\..*/, ' $1');
}

/** Parses a wall time; undefined if the text is none. */
export function parseWallTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text);
  const timeMs = match ? Date.parse(`${match[1]}T${match[2]}Z`) - zoneOffsetMs : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** `20140724` */
export function dayOf(timeMs: number): string {
  return wallTime(timeMs).slice(0, 10).replaceAll('-', '');
}
