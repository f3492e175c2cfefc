import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedSections, withSections } from '../../docs/generate/sections.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

test.each(Object.entries(generatedSections))(
  'the generated tables of %s are those of the code (npm run docs writes them)',
  (page, sections) => {
    expect(read(page)).toBe(withSections(read(page), sections));
  },
);

test('every script that the reference of the command line names is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read('docs/reference/cli.md').matchAll(/npm run ([\w:]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
