import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSchema } from '../../api/event-types/compile-schema.ts';

type Schema = Record<string, unknown>;

function checkOf(schema: Schema) {
  const compiled = compileSchema(schema);
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.check;
}

function refusedAt(schema: Schema): string[] {
  const compiled = compileSchema(schema);
  return compiled.kind === 'refused' ? compiled.problems.map(({ path }) => path) : [];
}

/** `any` nested in itself so many times. */
const nested = (depth: number): Schema => (depth === 0 ? {} : { not: nested(depth - 1) });
/** A chain of definitions, each of which asks for the next twice. */
const doubling = (length: number): Schema => ({
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(
    Array.from({ length }, (_, n) => [
      `d${n}`,
      n + 1 === length
        ? {}
        : { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ]),
  ),
});

describe('a schema is refused', () => {
  test.each<[string, string, Schema]>([
    ['a pattern', '/properties/a/pattern', { properties: { a: { pattern: '^a' } } }],
    ['patterns of names', '/patternProperties', { patternProperties: { '^a': {} } }],
    ['a keyword that is not known', '/anyOf/0/requierd', { anyOf: [{ requierd: ['a'] }] }],
    ['a keyword that objects inherit', '/constructor', { constructor: {} }],
    [
      'a field that is no field',
      '/properties/__proto__',
      JSON.parse('{"properties":{"__proto__":{}}}') as Schema,
    ],
    ['an anchor', '/$anchor', { $anchor: 'a' }],
    ['an id', '/$id', { $id: 'https://a.example/' }],
    ['a dynamic reference', '/$dynamicRef', { $dynamicRef: '#a' }],
    ['an asynchronous check', '/$async', { $async: true }],
    ['another document', '/$ref', { $ref: 'https://a.example/schema' }],
    ['the whole schema again', '/items/$ref', { items: { $ref: '#' } }],
    ['no definition at all', '/$ref', { $ref: '#/$defs/a' }],
    ['a part that is no definition', '/$ref', { $ref: '#/properties/a', properties: { a: {} } }],
    ['an inherited definition', '/$ref', { $ref: '#/$defs/constructor', $defs: {} }],
    ['definitions within', '/items/$defs', { items: { $defs: {} } }],
    ['a format that is not known', '/format', { format: 'regex' }],
    ['unique items without number', '/uniqueItems', { uniqueItems: true }],
    ['unique items, too many', '/uniqueItems', { uniqueItems: true, maxItems: 101 }],
    ['another dialect', '/$schema', { $schema: 'http://json-schema.org/draft-07/schema#' }],
    ['a value of the wrong kind', '/maxLength', { maxLength: -1 }],
    ['a NUL', '/const', { const: 'a\0' }],
    ['a number that is none', '/maximum', { maximum: Infinity }],
  ])('that has %s', (_, path, schema) => {
    expect(new Set(refusedAt(schema))).toEqual(new Set([path]));
  });

  test('whose definitions lead back to themselves', () => {
    const loop = { $ref: '#/$defs/a', $defs: { a: { properties: { x: { $ref: '#/$defs/a' } } } } };
    expect(refusedAt(loop)).not.toEqual([]);
    const round = {
      $defs: {
        a: { $ref: '#/$defs/b' },
        b: { anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }] },
      },
    };
    expect(refusedAt(round)).not.toEqual([]);
  });

  test('that is too deep, or comes to too many checks when it is written out', () => {
    expect(refusedAt(nested(32))).toEqual([]);
    expect(refusedAt(nested(33))).not.toEqual([]);
    expect(refusedAt(doubling(8))).toEqual([]);
    expect(refusedAt(doubling(15))).not.toEqual([]);
    expect(
      refusedAt(JSON.parse(`${'{"not":'.repeat(9_000)}{}${'}'.repeat(9_000)}`) as Schema),
    ).not.toEqual([]);
    expect(refusedAt({ enum: Array.from({ length: 2_000 }, (_, n) => n) })).not.toEqual([]);
  });

  test('whatever it is, or compiled: never a fault', () => {
    const keyword = fc.constantFrom(
      ...[
        'type',
        'properties',
        'items',
        'allOf',
        '$ref',
        '$defs',
        'not',
        'enum',
        'required',
        'format',
      ],
      ...[
        'const',
        'minimum',
        'maxLength',
        'additionalProperties',
        'dependentSchemas',
        '$schema',
        'if',
      ],
    );
    const junk = fc.letrec((tie) => ({
      schema: fc.dictionary(
        fc.oneof({ weight: 8, arbitrary: keyword }, { weight: 1, arbitrary: fc.string() }),
        fc.oneof(
          { maxDepth: 4 },
          fc.jsonValue({ maxDepth: 2 }),
          tie('schema'),
          fc.array(tie('schema')),
        ),
        { maxKeys: 4 },
      ),
    })).schema as fc.Arbitrary<Schema>;
    fc.assert(
      fc.property(junk, fc.jsonValue(), (schema, data) => {
        const compiled = compileSchema(schema);
        if (compiled.kind === 'compiled') compiled.check(data);
        return compiled.kind === 'compiled' || compiled.problems.length > 0;
      }),
      { numRuns: 500 },
    );
  });
});

describe('data', () => {
  test('is checked by the 2020-12 dialect, its formats and its definitions', () => {
    const check = checkOf({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        at: { type: 'string', format: 'date-time' },
        pair: { prefixItems: [{ type: 'string' }, { $ref: '#/$defs/count' }], items: false },
      },
      unevaluatedProperties: false,
      $defs: { count: { type: 'integer', minimum: 0 } },
    });
    expect(check({ at: '2026-11-22T09:30:00Z', pair: ['a', 1] })).toBeUndefined();
    expect(check({ at: 'yesterday' })?.path).toBe('/at');
    expect(check({ pair: ['a', -1] })?.path).toBe('/pair/1');
    expect(check({ pair: ['a', 1, 2] })?.path).toBe('/pair');
    expect(check({ 'a/b': 1 })?.path).toBe('/a~1b');
  });

  test('inherits nothing', () => {
    const check = checkOf({ type: 'object', required: ['constructor'] });
    expect(check({})?.path).toBe('');
    expect(check({ constructor: 1 })).toBeUndefined();
  });

  test('of many values is not held to a schema of many checks: that would take too long', () => {
    const choices = Array.from({ length: 500 }, (_, n) => ({ const: n }));
    const check = checkOf({ items: { anyOf: choices } });
    expect(check([1, 2, 3])).toBeUndefined();
    expect(check(Array.from({ length: 10_000 }, () => 1))?.message).toMatch(/too many values/);
  });

  test('may have a field that is named like a keyword', () => {
    const check = checkOf({
      properties: { pattern: { type: 'string' }, $ref: { type: 'string' } },
    });
    expect(check({ pattern: 'x', $ref: 'y' })).toBeUndefined();
    expect(check({ pattern: 1 })?.path).toBe('/pattern');
  });
});
