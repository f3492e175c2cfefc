import { DrizzleQueryError } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { isDatabaseAway } from '../../db/database-errors.ts';

const withCode = (code: string) => Object.assign(new Error('no'), { code });

test.each(['ECONNREFUSED', '57P01', '08006', '53300'])(
  '%s says that the database is away',
  (code) => {
    expect(isDatabaseAway(withCode(code))).toBe(true);
    expect(isDatabaseAway(new DrizzleQueryError('select 1', [], withCode(code)))).toBe(true);
    expect(isDatabaseAway(new AggregateError([withCode(code)]))).toBe(true);
  },
);

test.each(['23505', '42P01', '22008'])('%s does not', (code) => {
  expect(isDatabaseAway(new DrizzleQueryError('select 1', [], withCode(code)))).toBe(false);
});

test('a pool that gives no connection in time, and one that broke, say so too', () => {
  expect(isDatabaseAway(new Error('timeout exceeded when trying to connect'))).toBe(true);
  expect(isDatabaseAway(new Error('Connection terminated unexpectedly'))).toBe(true);
  expect(isDatabaseAway(new Error('no such thing'))).toBe(false);
});
