/**
 * What a receiver remembers of millions of events, outside of V8's heap: as objects they would have to be
 * collected, and each collection would be a pause that is none of the platform's.
 */
export type Tally = {
  /** Counts one more of an event by its number, from 0; says how often it was counted before. */
  count(number: number): number;
  /** Of those counted at least once. */
  distinct(): number;
};

/** The room doubles as it is needed. Of one event no more than 255 are counted. */
export function createTally(): Tally {
  let counts = new Uint8Array(1 << 20);
  let distinct = 0;
  return {
    count(number) {
      let room = counts.length;
      while (number >= room) room *= 2;
      if (room > counts.length) counts = grown(counts, new Uint8Array(room));
      const before = counts[number]!;
      if (before === 0) distinct += 1;
      counts[number] = Math.min(before + 1, 255);
      return before;
    },
    distinct: () => distinct,
  };
}

export type Series = { add(value: number): void; all(): Float64Array };

/** Measurements in the order in which they were made. */
export function createSeries(): Series {
  let values = new Float64Array(1 << 12);
  let length = 0;
  return {
    add(value) {
      if (length === values.length) values = grown(values, new Float64Array(2 * length));
      values[length++] = value;
    },
    all: () => values.subarray(0, length),
  };
}

function grown<T extends Uint8Array | Float64Array>(values: T, larger: T): T {
  larger.set(values);
  return larger;
}
