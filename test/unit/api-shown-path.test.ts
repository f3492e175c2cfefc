import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { shownPath } from '../../api/shown-path.ts';
import { routesOnly } from '../support/described.ts';

const apiFolder = fileURLToPath(new URL('../../api', import.meta.url));

test.each([
  ['/pay/abcdefghijklmnopqrstuv', '/pay/…'],
  ['/pay/abcdefghijklmnopqrstuv/method', '/pay/…/method'],
  ['/portal/enter/pt_secret', '/portal/enter/…'],
  // No routes, and logged all the same.
  ['//pay/abcdefghijklmnopqrstuv', '//pay/…'],
  ['/PAY//abcdefghijklmnopqrstuv', '/PAY//…'],
  ['/v1/orders', '/v1/orders'],
])('%s is shown as %s', (path, shown) => {
  expect(shownPath({ path })).toBe(shown);
});

test('no route with a token in its path is shown with it', () => {
  const paths = routesOnly().routes.map(({ path }) => path);
  const withToken = paths.filter((path) => /token|secret|key/i.test(path));
  expect(withToken.length).toBeGreaterThan(2);
  for (const path of withToken) {
    const shown = shownPath({ path: path.replaceAll(/:\w*(?:token|secret|key)\w*/gi, 'KEY') });
    expect(path.includes(':') && shown.includes('KEY') ? path : 'ok').toBe('ok');
  }
});

test('nobody else takes the path of a request in hand', () => {
  const files = readdirSync(apiFolder, { recursive: true, encoding: 'utf8' });
  const takers = files.filter(
    (file) =>
      /\.tsx?$/.test(file) &&
      /\breq\.(?:path|url)\b/.test(readFileSync(join(apiFolder, file), 'utf8')),
  );
  // To keep an answer, to find a route and an origin: none of it is logged.
  expect(takers.toSorted()).toEqual([
    'middleware/answer-once.ts',
    'middleware/refuse-unrouted.ts',
    'portal/session.ts',
  ]);
});
