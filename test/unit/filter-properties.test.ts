import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { atOnce } from '../../domain/at-once.ts';
import { checkFilter, compileFilter, explainFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';

// Few names and values, so that filters and events meet.
const field = fc.constantFrom('a', 'b', '0', '1');
const scalar = fc.oneof(
  fc.constantFrom('x', 'xy', 'y', '', 0, 1, 2, -1.5, true, false, null),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const ordered = scalar.filter((value) => typeof value === 'string' || typeof value === 'number');
const path = fc.array(field, { maxLength: 3 }).map((steps) => ['data', ...steps].join('.'));

const { event } = fc.letrec((tie) => ({
  event: fc.record({ data: tie('value') }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.dictionary(field, tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

const scalars = fc.array(scalar, { minLength: 1, maxLength: 3 });
const operator = fc.oneof(
  fc.tuple(fc.constantFrom('$eq', '$ne', '$contains'), scalar),
  fc.tuple(fc.constantFrom('$in', '$nin'), scalars),
  fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), ordered),
  fc.tuple(fc.constantFrom('$startsWith', '$endsWith'), fc.string({ maxLength: 3 })),
  fc.tuple(fc.constant('$exists'), fc.boolean()),
);
const operators = fc.array(operator, { minLength: 1, maxLength: 3 }).map(Object.fromEntries);
const { filter } = fc.letrec<{ filter: Filter; field: Filter }>((tie) => ({
  field: fc
    .oneof(
      fc.tuple(path, fc.oneof(scalar, operators)),
      fc.tuple(
        path,
        operators.map((inner) => ({ $not: inner })),
      ),
    )
    .map(([at, wanted]) => ({ [at]: wanted })),
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    tie('field'),
    fc.array(tie('field'), { maxLength: 3 }).map((all): Filter => Object.assign({}, ...all)),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((all) => ({ $and: all })),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((all) => ({ $or: all })),
    tie('filter').map((inner) => ({ $not: inner })),
  ),
}));
const filters = fc.array(filter, { minLength: 1, maxLength: 4 });

const matches = (wanted: Filter, given: unknown) => compileFilter(wanted)(given);
const always = (...args: Parameters<typeof fc.property<[Filter, unknown]>>) =>
  fc.assert(fc.property(...args), { numRuns: 500 });

test('what is generated here is a filter', () => {
  fc.assert(
    fc.property(filter, (wanted) => {
      expect(checkFilter(wanted)).toEqual([]);
    }),
  );
});

test('de Morgan holds', () => {
  fc.assert(
    fc.property(filters, event, (all, given) => {
      const negated = all.map((inner) => ({ $not: inner }));
      expect(matches({ $not: { $and: all } }, given)).toBe(matches({ $or: negated }, given));
      expect(matches({ $not: { $or: all } }, given)).toBe(matches({ $and: negated }, given));
    }),
  );
});

test('twice not is nothing, and not is the opposite', () => {
  always(filter, event, (wanted, given) => {
    expect(matches({ $not: { $not: wanted } }, given)).toBe(matches(wanted, given));
    expect(matches({ $not: wanted }, given)).toBe(!matches(wanted, given));
  });
});

test('several fields and several operators are all wanted', () => {
  fc.assert(
    fc.property(path, operators, event, (at, wanted, given) => {
      const each = Object.entries(wanted).map(([name, value]) => ({ [at]: { [name]: value } }));
      expect(matches({ [at]: wanted }, given)).toBe(matches({ $and: each }, given));
      expect(matches({ [at]: { $not: wanted } }, given)).toBe(!matches({ [at]: wanted }, given));
    }),
  );
});

test('a literal is $eq, $in an $or of $eq, and the negative operators are opposites', () => {
  fc.assert(
    fc.property(path, scalars, event, (at, values, given) => {
      const [first] = values;
      const equal = { [at]: { $eq: first } };
      expect(matches({ [at]: first }, given)).toBe(matches(equal, given));
      expect(matches({ [at]: { $ne: first } }, given)).toBe(!matches(equal, given));
      const isIn = matches({ [at]: { $in: values } }, given);
      const any = { $or: values.map((value) => ({ [at]: { $eq: value } })) };
      expect(isIn).toBe(matches(any, given));
      expect(matches({ [at]: { $nin: values } }, given)).toBe(!isIn);
    }),
    { numRuns: 500 },
  );
});

test('$gte is $gt or equal to a value of the same kind, and never both $gt and $lte of one value', () => {
  fc.assert(
    fc.property(ordered, scalar, (wanted, value) => {
      const given = { data: value };
      const is = (name: string) => matches({ data: { [name]: wanted } }, given);
      expect(is('$gte')).toBe(is('$gt') || is('$eq'));
      expect(is('$lte')).toBe(is('$lt') || is('$eq'));
      expect(is('$gt') && is('$lte')).toBe(false);
      expect(is('$gt') || is('$lte')).toBe(typeof wanted === typeof value);
    }),
  );
});

test('whatever exists is equal to something, and what does not is equal to nothing', () => {
  fc.assert(
    fc.property(path, event, scalar, (at, given, value) => {
      const exists = matches({ [at]: { $exists: true } }, given);
      expect(matches({ [at]: { $exists: false } }, given)).toBe(!exists);
      expect(exists || !matches({ [at]: { $eq: value } }, given)).toBe(true);
    }),
  );
});

test('no event makes a filter throw', () => {
  always(filter, fc.oneof(fc.jsonValue(), fc.anything()), (wanted, given) => {
    expect(() => matches(wanted, given)).not.toThrow();
    expect(() => atOnce(explainFilter(wanted, given))).not.toThrow();
  });
});

test('checking never throws, and what passes compiles', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.anything()), event, (wanted, given) => {
      if (checkFilter(wanted).length > 0) return;
      expect(typeof matches(wanted as Filter, given)).toBe('boolean');
    }),
    { numRuns: 1_000 },
  );
});

/** The filter's truth from what the dry run says of its conditions, put together by another hand. */
function truthOf(wanted: Filter, holds: Iterator<boolean>): boolean {
  const next = () => holds.next().value === true;
  const ofOperators = (inner: object): boolean =>
    Object.entries(inner)
      .map(([name, value]) => (name === '$not' ? !ofOperators(value as object) : next()))
      .every(Boolean);
  return Object.entries(wanted)
    .map(([key, value]) => {
      if (key === '$not') return !truthOf(value as Filter, holds);
      if (key === '$and')
        return (value as Filter[]).map((one) => truthOf(one, holds)).every(Boolean);
      if (key === '$or') return (value as Filter[]).map((one) => truthOf(one, holds)).some(Boolean);
      return typeof value === 'object' && value !== null ? ofOperators(value) : next();
    })
    .every(Boolean);
}

test('the dry run agrees with the compiled filter, and its conditions add up to its answer', () => {
  always(filter, event, (wanted, given) => {
    const explained = atOnce(explainFilter(wanted, given));
    expect(explained.matches).toBe(matches(wanted, given));
    const holds = explained.conditions.map((condition) => condition.holds);
    expect(truthOf(wanted, holds[Symbol.iterator]())).toBe(explained.matches);
  });
});
