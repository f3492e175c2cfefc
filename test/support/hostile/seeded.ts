/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Seeded = {
  /** From 0 up to, not including, `below`. */
  int(below: number): number;
  pick<T>(choices: readonly T[]): T;
  bytes(count: number): Buffer;
};

export function createSeeded(seed: number): Seeded {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    pick: (choices) => choices[int(choices.length)]!,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(256))),
  };
}
