import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, test } from 'vitest';
import { shownError } from '../../telemetry/logger.ts';

const token = 'a-checkout-token-1';

test('an error of a query is shown without what the query was given', () => {
  const cause = new Error('connection terminated');
  const failed = new DrizzleQueryError('select 1 where $1 = $2', [token, '{"a":\n1}'], cause);
  for (const error of [failed, new Error('not found', { cause: failed })]) {
    const shown = JSON.stringify(shownError(error));
    expect(shown).toContain('select 1 where $1 = $2');
    expect(shown).toContain('connection terminated');
    expect(shown).not.toContain(token);
    expect(shown).not.toContain('params');
  }
});

test('any other error is shown whole, and what is no error as it is', () => {
  expect(shownError(Object.assign(new Error('broken'), { code: 'E1' }))).toMatchObject({
    type: 'Error',
    message: 'broken',
    code: 'E1',
    stack: expect.stringContaining('broken'),
  });
  expect(shownError('text')).toBe('text');
});
