import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { daySchema, instantSchema } from '../../api/schemas.ts';

const apiFolder = fileURLToPath(new URL('../../api', import.meta.url));

test('every instant that is taken is one that is written as it was read', () => {
  const anyInstant = fc.oneof(
    fc
      .date({ min: new Date(-1e14), max: new Date(8e15), noInvalidDate: true })
      .map((at) => at.toISOString()),
    fc.constantFrom(
      ...['0000-01-01T00:00:00Z', '0013-01-01T00:00:00Z', '0099-12-31T23:59:59Z'],
      ...['1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59-00:01', '1970-01-01T00:00:00+00:01'],
    ),
  );
  fc.assert(
    fc.property(anyInstant, (text) => {
      if (!instantSchema.safeParse(text).success) return;
      const [year = ''] = /^\d{4}/.exec(new Date(text).toISOString()) ?? [];
      expect(Number(year)).toBeGreaterThanOrEqual(1970);
    }),
  );
});

test.each([
  ['1970-01-01T00:00:00Z', true],
  ['9999-12-31T23:59:59.999Z', true],
  ['2026-11-22T09:30:00.123456789+08:00', true],
  ['0013-01-01T00:00:00Z', false],
  ['1969-12-31T23:59:59.999Z', false],
  ['1970-01-01T00:00:00+00:01', false],
  ['9999-12-31T23:59:59-00:01', false],
  ['+010000-01-01T00:00:00Z', false],
  ['2026-02-30T00:00:00Z', false],
  ['2026-11-22T09:30:00', false],
  ['2026-11-22', false],
  ['', false],
])('%j as an instant: %s', (text, isTaken) => {
  expect(instantSchema.safeParse(text).success).toBe(isTaken);
});

test.each([
  ['1970-01-01', true],
  ['2026-02-28', true],
  ['0013-01-01', false],
  ['1969-12-31', false],
  ['2026-02-30', false],
])('%j as a day: %s', (text, isTaken) => {
  expect(daySchema.safeParse(text).success).toBe(isTaken);
});

test('nobody has another schema of times', () => {
  const files = readdirSync(apiFolder, { recursive: true, encoding: 'utf8' });
  const owners = files.filter(
    (file) =>
      /\.tsx?$/.test(file) &&
      /\b(?:z\.iso\b|z\.date\b|z\.coerce\.date\b|datetime\()/.test(
        readFileSync(join(apiFolder, file), 'utf8'),
      ),
  );
  expect(owners).toEqual(['schemas.ts']);
});
