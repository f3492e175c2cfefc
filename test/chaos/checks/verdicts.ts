/** The invariants by their numbers, in a few words each. */
export const invariants = {
  1: 'what was answered survives',
  2: 'one order a key, the same bytes again',
  3: 'one capture a payment, one execution a refund',
  4: 'refunds never exceed what was taken',
  5: 'the ledger balances and only grows',
  6: 'paid here is paid there',
  7: 'an end never regresses',
  8: 'one event a change',
  9: 'every event arrives, always the same',
  10: 'nothing open without a workflow',
  11: 'a forged or replayed notification changes nothing',
  12: 'no merchant sees another',
  13: 'amounts are whole and safe',
  14: 'reconciliation finds what was planted and invents nothing',
  15: 'every history replays',
  16: 'no secret is written',
  17: "the books equal the providers' own balances at every quiet moment",
} as const;
export type Invariant = keyof typeof invariants;

export type Verdicts = {
  expect(invariant: Invariant, isTrue: boolean, problem: string): void;
  broken(): string[];
  summary(): Record<string, 'held' | 'BROKEN'>;
};

const toldOfEach = 15;

export function createVerdicts(): Verdicts {
  const problems = new Map<Invariant, string[]>();
  return {
    expect(invariant, isTrue, problem) {
      if (!isTrue) problems.set(invariant, [...(problems.get(invariant) ?? []), problem]);
    },
    broken: () =>
      [...problems].flatMap(([invariant, all]) => [
        ...all.slice(0, toldOfEach).map((problem) => `${invariant}: ${problem}`),
        ...(all.length > toldOfEach ? [`${invariant}: and ${all.length - toldOfEach} more`] : []),
      ]),
    summary: () =>
      Object.fromEntries(
        (Object.keys(invariants).map(Number) as Invariant[]).map((invariant) => [
          invariant,
          problems.has(invariant) ? 'BROKEN' : 'held',
        ]),
      ),
  };
}
