import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { platformProcess } from '../../dev/services/platform-process.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};
const forV8 = (words: readonly string[]) =>
  words.filter((word) => word.startsWith('--') && !word.startsWith('--import')).toSorted();

it.each(['api', 'worker', 'platform'])(
  'npm run %s gives V8 and the allocator what the launcher gives them',
  (name) => {
    const [words = ''] = scripts[name]!.replace(' exec ', ' ').split(platformProcess.entry);
    // Without it the shell between takes npm's SIGTERM, and Tender lives on.
    expect(scripts[name]).toContain(' exec node ');
    const settings = Object.entries(platformProcess.env).map((pair) => pair.join('='));
    expect(words.split(' ').slice(0, settings.length + 1)).toEqual([...settings, 'node']);
    expect(forV8(words.split(' '))).toEqual(forV8(platformProcess.nodeArgs));
  },
);
