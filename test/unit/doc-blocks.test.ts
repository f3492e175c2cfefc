import { expect, test } from 'vitest';
import { commandsOf, filled } from '../support/doc-blocks.ts';

test('a command goes on through quotes and backslashes, and ends at its line', () => {
  const text = `curl -d '{
  "a": "it # is" }' \\
  -H "x: y"   # what it says
echo two#three
# a comment alone's apostrophe
`;
  expect(commandsOf(text)).toEqual([
    `curl -d '{\n  "a": "it # is" }'   -H "x: y"`,
    'echo two#three',
  ]);
});

test('placeholders are filled, and one that nobody knows is an error', () => {
  expect(filled('/v1/orders/ord_…/refunds', { ord: 'ord_1' })).toBe('/v1/orders/ord_1/refunds');
  expect(() => filled('/v1/orders/ord_…', {})).toThrow('nothing is known for ord_…');
});
