/** A shared limit of bytes or sockets for all connections together. */
export type Shares = {
  /** Whether an owner that holds `held` may hold `more`: always up to the fair share, beyond it while there is room. */
  take(input: { held: number; more: number }): boolean;
  give(count: number): void;
  taken(): number;
};

export function createShares({ most, fair }: { most: number; fair: number }): Shares {
  let taken = 0;
  return {
    take({ held, more }) {
      if (held + more > fair && taken + more > most) return false;
      taken += more;
      return true;
    },
    give(count) {
      taken -= count;
    },
    taken: () => taken,
  };
}
