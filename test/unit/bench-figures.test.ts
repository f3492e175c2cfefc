import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { medianBounds, moodlessRatio } from '../../bench/shared/figures.ts';

const mood = fc.double({ min: 0.5, max: 2, noNaN: true });
const moods = fc
  .array(mood, { minLength: 3, maxLength: 12 })
  .filter((all) => Math.max(...all) > 1.1 * Math.min(...all));

describe('moodlessRatio', () => {
  it('finds the ratio whatever the moods were', () => {
    const times = fc.double({ min: 0.5, max: 2, noNaN: true });
    const powers = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(moods, moods, times, powers, (having, without, ratio, power) => {
        const measure = (all: readonly number[], level: number) =>
          all.map((one) => ({ mood: one, value: level * one ** power }));
        const found = moodlessRatio({
          having: measure(having, 4 * ratio),
          without: measure(without, 4),
        });
        expect(found?.ratio).toBeCloseTo(ratio, 6);
        expect(found?.power).toBeCloseTo(power, 6);
        expect(found?.unexplained).toBeCloseTo(0, 6);
      }),
    );
  });

  it('says how far equal runs differ, and between what the ratio lies', () => {
    // Worked by hand: the mood explains nothing (its deviations are orthogonal to those of the values).
    const values = [Math.exp(0.1), Math.exp(-0.1), Math.exp(-0.1), Math.exp(0.1)];
    const runs = values.map((value, n) => ({ value, mood: Math.exp(n < 2 ? 1 : -1) }));
    const found = moodlessRatio({ having: runs, without: runs })!;
    expect(found.ratio).toBeCloseTo(1);
    expect(found.power).toBeCloseTo(0);
    // Eight squares of 0.1 over five degrees of freedom; two groups of four.
    const unexplained = Math.sqrt(0.08 / 5);
    expect(found.unexplained).toBeCloseTo(unexplained);
    expect(found.between[1]).toBeCloseTo(Math.exp(2 * unexplained * Math.sqrt(1 / 2)));
    expect(found.between[0]).toBeCloseTo(1 / found.between[1]);
  });

  it.each([
    ['one run of each', [1]],
    ['runs all in one mood', [1, 1, 1]],
    ['moods that nobody could tell', [Number.NaN, Number.NaN, Number.NaN]],
  ])('says nothing of %s', (_what, all) => {
    const runs = all.map((mood, n) => ({ mood, value: 1 + n }));
    expect(moodlessRatio({ having: runs, without: runs })).toBeUndefined();
  });
});

describe('medianBounds', () => {
  it('is the smallest and the largest of five, and the ranks of the sign test of twelve', () => {
    expect(medianBounds([3, 1, 2, 5, 4])).toEqual([1, 5]);
    // Binomial(12, 1/2): P(at most 2) = 0.019, P(at most 3) = 0.073.
    expect(medianBounds(Array.from({ length: 12 }, (_, n) => n + 1))).toEqual([3, 10]);
  });
});
