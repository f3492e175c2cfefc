import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultLimits } from '../../config/limits.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

test('every file that the page of the hostile world names is there', () => {
  const named = [
    ...read('docs/explanation/hostile-world.md').matchAll(/`([\w-]+\/[\w./-]+\.ts)`/g),
  ];
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(([, path]) => !existsSync(new URL(path!, root)));
  expect(missing.map(([, path]) => path)).toEqual([]);
});

test('the page of limits has each of them, with its default', () => {
  const page = read('docs/reference/limits.md');
  for (const [name, most] of Object.entries(defaultLimits)) {
    expect(page).toContain(`| \`${name}\` | ${most.toLocaleString('en-US')} |`);
  }
});
