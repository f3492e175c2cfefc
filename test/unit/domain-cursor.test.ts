import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cursorPattern, formatCursor, judgeCursor, parseCursor } from '../../domain/cursor.ts';

const first = { tag: '', beganAfter: 0 };
const position = fc.nat({ max: 999_999_999 });
const tag = fc.constantFrom('', 'k3v9x1', 'zzzzzz');

test('a cursor is read as it was written', () => {
  fc.assert(
    fc.property(position, tag, (at, of) => {
      const text = formatCursor({ position: at, tag: of });
      expect(text).toMatch(cursorPattern);
      expect(parseCursor(text)).toEqual({ position: at, tag: of });
    }),
  );
});

describe('in a log that was never cut', () => {
  const log = { epochs: [first], end: 100 };

  test('every place up to its end is valid, and none beyond', () => {
    fc.assert(
      fc.property(position, (at) => {
        const verdict = judgeCursor({ position: at, tag: '' }, log);
        expect(verdict).toEqual(
          at <= 100 ? { kind: 'valid' } : { kind: 'refused', restartAfter: 100 },
        );
      }),
    );
  });

  test('a place of another log is refused, but for the start', () => {
    expect(judgeCursor({ position: 5, tag: 'k3v9x1' }, log)).toEqual({
      kind: 'refused',
      restartAfter: 0,
    });
    expect(judgeCursor({ position: 0, tag: 'k3v9x1' }, log)).toEqual({ kind: 'valid' });
  });
});

describe('in a log that was restored as it was at 60 and has gone on to 100', () => {
  const log = { epochs: [first, { tag: 'k3v9x1', beganAfter: 60 }], end: 100 };

  test.each([
    [{ position: 60, tag: '' }, { kind: 'valid' }],
    [
      { position: 61, tag: '' },
      { kind: 'refused', restartAfter: 60 },
    ],
    [
      { position: 100, tag: '' },
      { kind: 'refused', restartAfter: 60 },
    ],
    [{ position: 61, tag: 'k3v9x1' }, { kind: 'valid' }],
    [{ position: 100, tag: 'k3v9x1' }, { kind: 'valid' }],
    [
      { position: 101, tag: 'k3v9x1' },
      { kind: 'refused', restartAfter: 100 },
    ],
  ] as const)('%j is %j', (cursor, verdict) => {
    expect(judgeCursor(cursor, log)).toEqual(verdict);
  });
});

test('nobody who goes on from a valid cursor misses what the log holds now', () => {
  // Logs as they were: each restore cuts the log somewhere and writes other events from there on.
  const histories = fc.array(
    fc.record({ keep: fc.nat({ max: 20 }), add: fc.integer({ min: 1, max: 20 }) }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(histories, fc.nat(), fc.nat(), (steps, whichEpoch, whichPlace) => {
      let log: string[] = [];
      const epochs: { tag: string; beganAfter: number; log: string[] }[] = [];
      for (const [number, { keep, add }] of steps.entries()) {
        const kept = number === 0 ? [] : log.slice(0, keep);
        log = [...kept, ...Array.from({ length: add }, (_, i) => `${number}:${kept.length + i}`)];
        const name = number === 0 ? '' : `epoch${number}`;
        epochs.push({ tag: name, beganAfter: kept.length, log });
      }
      const known = epochs[whichEpoch % epochs.length]!;
      const at = whichPlace % (known.log.length + 1);
      const verdict = judgeCursor({ position: at, tag: known.tag }, { epochs, end: log.length });
      const goesOnFrom = verdict.kind === 'valid' ? at : verdict.restartAfter;
      // What the reader has read up to there is what stands there.
      expect(log.slice(0, goesOnFrom)).toEqual(known.log.slice(0, goesOnFrom));
    }),
  );
});
