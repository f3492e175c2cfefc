import { percentile } from '../../bench/shared/figures.ts';

/** How numbered events got from the merchant's request to one place. */
export type Arrivals = {
  /** May come in pieces, of which each is looked through. */
  note(number: number): void;
  has(number: number): boolean;
  figures(published: ReadonlyMap<number, number>): ChannelFigures;
};

export type ChannelFigures = {
  arrived: number;
  duplicates: number;
  lost: number;
  late: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

/** `lateMs`: what takes longer is counted. */
export function createArrivals({ lateMs }: { lateMs: number }): Arrivals {
  const firstAtMs = new Map<number, number>();
  let duplicates = 0;
  return {
    note(number) {
      if (firstAtMs.has(number)) duplicates += 1;
      else firstAtMs.set(number, performance.now());
    },
    has: (number) => firstAtMs.has(number),
    figures(published) {
      const tookMs = [...published].flatMap(([number, atMs]) => {
        const arrivedMs = firstAtMs.get(number);
        return arrivedMs === undefined ? [] : [arrivedMs - atMs];
      });
      return {
        arrived: tookMs.length,
        duplicates,
        lost: published.size - tookMs.length,
        late: tookMs.filter((ms) => ms > lateMs).length,
        ...msOf(tookMs),
      };
    },
  };
}

/** Of none, zeros. */
export function msOf(tookMs: readonly number[]): Pick<ChannelFigures, 'p50Ms' | 'p99Ms' | 'maxMs'> {
  const at = (share: number) => (tookMs.length === 0 ? 0 : Math.round(percentile(tookMs, share)));
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

const mark = /healthy-(\d{1,9})-end/g;
const longestMark = 'healthy-123456789-end'.length;

export const markOf = (number: number) => `healthy-${number}-end`;

/** Finds the marks in one connection's bytes, whatever frames they are in. */
export function markListener(note: (number: number) => void): (chunk: Buffer) => void {
  let held = '';
  return (chunk) => {
    const text = held + chunk.toString('latin1');
    let end = 0;
    for (const found of text.matchAll(mark)) {
      note(Number(found[1]));
      end = found.index + found[0].length;
    }
    held = text.slice(Math.max(end, text.length - longestMark));
  };
}
