/**
 * Counts of millions of events outside V8's heap, because garbage collection in the receiver would distort latencies.
 */
export type Tally = {
  /** Counts an event by its number, from 0; returns how often it was counted before. */
  count(number: number): number;
  /** The number of events counted at least once. */
  distinct(): number;
};

/** Creates a tally whose capacity doubles as needed. An event's count stops at 255. */
export function createTally(): Tally {
  let counts = new Uint8Array(1 << 20);
  let distinct = 0;
  return {
    count(number) {
      let capacity = counts.length;
      while (number >= capacity) capacity *= 2;
      if (capacity > counts.length) counts = grown(counts, new Uint8Array(capacity));
      const before = counts[number]!;
      if (before === 0) distinct += 1;
      counts[number] = Math.min(before + 1, 255);
      return before;
    },
    distinct: () => distinct,
  };
}

export type Series = { add(value: number): void; all(): Float64Array };

/** Measurements in order. */
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
