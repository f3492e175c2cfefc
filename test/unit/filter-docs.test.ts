import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { atOnce } from '../../domain/at-once.ts';
import { checkFilter, explainFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';
import { filterLimits, filterOperators } from '../../domain/filter-syntax.ts';

const page = readFileSync(new URL('../../docs/reference/filters.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => json);

test('the filters on the page are filters', () => {
  expect(blocks).toHaveLength(2);
  for (const json of blocks) expect(checkFilter(JSON.parse(json))).toEqual([]);
});

test('every operator is on the page, and every limit', () => {
  for (const operator of filterOperators) expect(page).toContain(`\`${operator}\``);
  const { depth, conditions, spreading, bytes } = filterLimits;
  const limits = `at most ${depth} deep, has at most ${conditions} conditions and ${bytes.toLocaleString('en')} bytes`;
  expect(page).toContain(limits);
  expect(page).toContain(`At most ${spreading} of its conditions`);
});

test('the dry run is as the page shows it', () => {
  const { 'data.currency': currency, 'data.amountMinor': amount } = JSON.parse(
    blocks[0] ?? '',
  ) as Filter;
  const filter = { 'data.currency': currency, 'data.amountMinor': amount };
  expect(atOnce(explainFilter(filter, { data: { currency: 'CNY', amountMinor: 1250 } }))).toEqual({
    matches: false,
    conditions: [
      { path: 'data.currency', operator: '$eq', expected: 'CNY', actual: 'CNY', holds: true },
      { path: 'data.amountMinor', operator: '$gte', expected: 10000, actual: 1250, holds: false },
    ],
  });
});

test('a backslash in a path is written as the page says', () => {
  const dotted = JSON.parse(
    String.raw`{"data.metadata.a\\.b": 1, "data.metadata.c\\\\d": 2}`,
  ) as Filter;
  const event = { data: { metadata: { 'a.b': 1, [String.raw`c\d`]: 2 } } };
  expect(atOnce(explainFilter(dotted, event)).matches).toBe(true);
});
