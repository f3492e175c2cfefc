import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../domain/read-json.ts';

const refusedAt = (text: string) => {
  const reading = readJson(text);
  return reading.kind === 'refused'
    ? `${reading.problem.path} ${reading.problem.message}`
    : reading;
};

describe('JSON that a stranger wrote', () => {
  test('is read as it is, whatever its names are but __proto__', () => {
    const noProto = fc
      .jsonValue({ maxDepth: 6 })
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(noProto, fc.constantFrom(0, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(readJson(text)).toEqual({ kind: 'value', value: JSON.parse(text) as unknown });
      }),
    );
  });

  test('is refused where a name stands twice in one object, which is named', () => {
    const names = fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.string({ maxLength: 6 }).filter((name) => name !== '__proto__'),
          { minLength: 1, maxLength: 6 },
        ),
        fc.nat(),
        names,
        (unique, which, path) => {
          const twice = unique[which % unique.length]!;
          const members = [...unique, twice].map((name) => `${JSON.stringify(name)} : [{"a":1}]`);
          let text = `{${members.join(' , ')}}`;
          const steps = path.filter((step) => step !== '__proto__');
          for (const step of steps.toReversed()) text = `[0,{${JSON.stringify(step)}:${text}}]`;
          const pointer = [...steps.flatMap((step) => ['1', step]), twice]
            .map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`)
            .join('');
          expect(refusedAt(text)).toBe(`${pointer} is duplicated in one object`);
        },
      ),
    );
  });

  test.each([
    ['{"amountMinor":1,"amountMinor":2}', '/amountMinor is duplicated in one object'],
    ['{"a":1,"\\u0061":2}', '/a is duplicated in one object'],
    ['{"":1,"":2}', '/ is duplicated in one object'],
    ['{"1":1,"1":2}', '/1 is duplicated in one object'],
    ['{"events":[{"a":1},{"a":{"b":1,"b":1}}]}', '/events/1/a/b is duplicated in one object'],
    ['{"metadata":{"__proto__":"x"}}', '/metadata/__proto__ is not an allowed name'],
    ['{"\\u005f_proto__":{}}', '/__proto__ is not an allowed name'],
    ['{"__proto__":1,"__proto__":1}', '/__proto__ is not an allowed name'],
  ])('%s is refused', (text, refusal) => {
    expect(refusedAt(text)).toBe(refusal);
  });

  test.each([
    '{"a":"__proto__","b":["__proto__","\\u005f_proto__"]}',
    '{"a":"b\\":","c":"\\\\","d":"\\\\\\""}',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":1}}}',
    '"a:b"',
    '1',
  ])('%s is taken', (text) => {
    expect(readJson(text)).toEqual({ kind: 'value', value: JSON.parse(text) as unknown });
  });

  test.each(['', '{', '{"a":1,}', '\ufeff{}', 'undefined', '{"a":1}{}'])(
    '%s is malformed',
    (text) => {
      expect(readJson(text).kind).toBe('malformed');
    },
  );

  test('is read to its end in linear time, whatever it is made of', () => {
    // What took the square of it would be at it for hours.
    const size = 4 * 1_024 * 1_024;
    const repeat = (text: string) => text.repeat(size / text.length);
    expect(readJson(`${repeat('[')}${repeat(']')}`).kind).toBe('value');
    expect(readJson(`"${repeat('\\\\')}"`).kind).toBe('value');
    expect(readJson(`"${repeat('\\"')}"`).kind).toBe('value');
    expect(readJson(`{"\\u005f":"${repeat('\\u005f')}"}`).kind).toBe('value');
    expect(readJson(`{"a"${repeat(' ')}:1}`).kind).toBe('value');
    const names = Array.from({ length: size / 12 }, (_, i) => `"n${i}":0`).join();
    expect(refusedAt(`{${names},"n0":0}`)).toBe('/n0 is duplicated in one object');
    const deep = `${repeat('{"a":')}{"b":1,"b":1}${'}'.repeat(Math.floor(size / 5))}`;
    expect(refusedAt(deep)).toMatch(/^(\/a){512}… is duplicated in one object$/);
  });
});

test.each(['__pr\\u006fto__', '__\\u0070roto__', '\\u005f_proto__', '__proto__'])(
  'the name %s is refused, however it is escaped',
  (name) => {
    for (const text of [`{"${name}":1}`, `[{"a":{"${name}":{}}}]`, `{"b":1,"${name}":"x"}`]) {
      expect(readJson(text)).toMatchObject({ kind: 'refused' });
    }
  },
);
