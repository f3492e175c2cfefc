import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createUnpositionedScan } from '../../delivery/relay/unpositioned-scan.ts';

test('a look begins behind what was numbered five seconds ago, and one a second at the beginning', () => {
  let nowMs = 0;
  const scan = createUnpositionedScan(() => nowMs);
  const look = (lastSeq: number) => {
    const afterSeq = scan.afterSeq();
    scan.seen({ afterSeq, lastSeq });
    return afterSeq;
  };
  expect(look(100)).toBe(0);
  nowMs = 500;
  expect(look(150)).toBe(0);
  nowMs = 5_000;
  expect(look(200)).toBe(0);
  nowMs = 5_100;
  expect(look(210)).toBe(100);
  nowMs = 6_000;
  expect(look(0)).toBe(0);
  nowMs = 6_999;
  expect(look(0)).toBe(100);
});

test('whatever is found and when: nothing of the last five seconds is stepped over, and no second passes without a whole look', () => {
  const looks = fc.array(
    fc.record({ waitMs: fc.integer({ min: 0, max: 3_000 }), events: fc.nat(3) }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(looks, (all) => {
      let [nowMs, seq] = [0, 0];
      const scan = createUnpositionedScan(() => nowMs);
      const numbered: { atMs: number; seq: number }[] = [];
      let wholeAtMs = -Infinity;
      for (const { waitMs, events } of all) {
        nowMs += waitMs;
        const afterSeq = scan.afterSeq();
        if (afterSeq === 0) wholeAtMs = nowMs;
        expect(nowMs - wholeAtMs).toBeLessThan(1_000);
        const young = numbered.find(({ atMs }) => nowMs - atMs < 5_000);
        expect(afterSeq).toBeLessThan(young?.seq ?? Infinity);
        seq += events;
        if (events > 0) numbered.push({ atMs: nowMs, seq });
        scan.seen({ afterSeq, lastSeq: events > 0 ? seq : 0 });
      }
    }),
  );
});
