import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeries, createTally } from '../../bench/shared/tally.ts';

describe('createTally', () => {
  it('tells repeats from what is new, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 })), (numbers) => {
        const tally = createTally();
        const seen: number[] = [];
        for (const number of numbers) {
          expect(tally.count(number)).toBe(seen.filter((one) => one === number).length);
          seen.push(number);
        }
        expect(tally.distinct()).toBe(new Set(numbers).size);
      }),
    );
  });

  it('forgets nothing when it grows', () => {
    const tally = createTally();
    tally.count(7);
    expect(tally.count(5_000_000)).toBe(0);
    expect(tally.count(7)).toBe(1);
    expect(tally.count(5_000_000)).toBe(1);
    expect(tally.distinct()).toBe(2);
  });

  it('counts to 255 of one event', () => {
    const tally = createTally();
    for (let n = 0; n < 255; n++) tally.count(0);
    expect(tally.count(0)).toBe(255);
    expect(tally.count(0)).toBe(255);
  });
});

it('createSeries keeps everything in order, however much', () => {
  const series = createSeries();
  const values = Array.from({ length: 10_000 }, (_, n) => n / 3);
  for (const value of values) series.add(value);
  expect([...series.all()]).toEqual(values);
});
