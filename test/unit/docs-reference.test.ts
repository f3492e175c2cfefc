import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedSections, withSections } from '../../docs/generate/sections.ts';
import { projectFolder } from '../support/doc-blocks.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

test.each(Object.entries(generatedSections))(
  'the generated tables of %s are those of the code (npm run docs writes them)',
  (page, sections) => {
    expect(read(page)).toBe(withSections(read(page), sections));
  },
);

/** What the command prints when it is not understood. */
const usage = () =>
  new Promise<string>((resolve) => {
    const env = { ...process.env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    execFile(
      'npm',
      ['-s', 'run', 'tender'],
      { cwd: projectFolder, env },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });

test('every command and option of tender is in the reference of the command line, and no other', async () => {
  const page = read('docs/reference/cli.md');
  const said = await usage();
  const commandsOf = (text: string, pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, command = '']) => command))].toSorted();
  const printed = commandsOf(said, /npm run tender -- (\w+ \w+)/g);
  expect(printed.length).toBeGreaterThan(5);
  const [, ofTender = ''] = /## The tender command\n([^]*?)\n## /.exec(page) ?? [];
  expect(commandsOf(ofTender, /^\| `(\w+ \w+)/gm)).toEqual(printed);
  for (const option of commandsOf(said, /(--[a-z]+(?:-[a-z]+)*) /g).filter((one) => one !== '--'))
    expect(page).toContain(option);
});

test('every script that the reference of the command line names is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read('docs/reference/cli.md').matchAll(/npm run ([\w:]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
