import { mulberry32 } from '../../simulators/kit/random.ts';

/** Chance, repeatable by its seed. */
export type Dice = {
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  int(low: number, high: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
  seed(): number;
};

export function createDice(seed: number): Dice {
  const random = mulberry32(seed);
  const int = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  return {
    chance: (probability) => random() < probability,
    int,
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
    seed: () => int(1, 1_000_000_000),
  };
}
