import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { medianBounds, normalisedRatios } from '../../bench/shared/figures.ts';

const hostLoad = fc.double({ min: 0.5, max: 2, noNaN: true });
const isApart = (all: readonly number[]) => Math.max(...all) > 1.1 * Math.min(...all);

describe('normalisedRatios', () => {
  it('finds the ratio whatever the hostLoads were', () => {
    const hostLoads = fc
      .array(fc.tuple(hostLoad, hostLoad), { minLength: 2, maxLength: 12 })
      .filter((all) => isApart(all.map(([first]) => first)));
    const powers = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(hostLoads, hostLoad, powers, (all, times, power) => {
        const pairs = all.map(([having, without]) => ({
          having: { hostLoad: having, value: 4 * times * having ** power },
          without: { hostLoad: without, value: 4 * without ** power },
        }));
        const found = normalisedRatios(pairs);
        expect(found?.power).toBeCloseTo(power, 6);
        for (const ratio of found!.ratios) expect(ratio).toBeCloseTo(times, 6);
      }),
    );
  });

  it('is not moved by a run that something else held up, but in that run’s own pair', () => {
    const hostLoads = [0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4];
    const pairs = hostLoads.map((one) => ({
      having: { hostLoad: one, value: one ** 2 },
      without: { hostLoad: one, value: one ** 2 },
    }));
    pairs[3]!.having.value *= 5;
    const { ratios, power } = normalisedRatios(pairs)!;
    expect(power).toBeCloseTo(2);
    expect(ratios.map((ratio) => Number(ratio.toFixed(6)))).toEqual([1, 1, 1, 5, 1, 1, 1]);
  });

  it.each([
    ['one run of each', [1]],
    ['runs all in one hostLoad', [1, 1.01, 1]],
    ['hostLoads that nobody could tell', [Number.NaN, Number.NaN, Number.NaN]],
  ])('says nothing of %s', (_what, all) => {
    const pairs = all.map((one, n) => ({
      having: { hostLoad: one, value: 1 + n },
      without: { hostLoad: one, value: 2 + n },
    }));
    expect(normalisedRatios(pairs)).toBeUndefined();
  });
});

describe('medianBounds', () => {
  it('is the smallest and the largest of five, and the ranks of the sign test of twelve', () => {
    expect(medianBounds([3, 1, 2, 5, 4])).toEqual([1, 5]);
    // Binomial(12, 1/2): P(at most 2) = 0.019, P(at most 3) = 0.073.
    expect(medianBounds(Array.from({ length: 12 }, (_, n) => n + 1))).toEqual([3, 10]);
  });
});
