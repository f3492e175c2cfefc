import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  allPages,
  blocksOf,
  headingsOf,
  projectFolder,
  proseOf,
  translations,
} from '../support/doc-blocks.ts';

const wordsIn = (file: string) =>
  readFileSync(join(projectFolder, file), 'utf8').split(/\s+/).filter(Boolean).length;

/** The anchors of a page as GitHub makes them: lower case, punctuation dropped, spaces to hyphens. */
function anchorsOf(file: string): string[] {
  const seen = new Map<string, number>();
  return headingsOf(file).map(({ text }) => {
    const plain = text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}

/** Relative links and images of a page: markdown's and HTML's. */
function linksOf(file: string): string[] {
  const prose = proseOf(file).replaceAll(/`[^`\n]*`/g, '');
  const all = [
    ...prose.matchAll(/\]\(([^)\s]+)\)/g),
    ...prose.matchAll(/(?:src|href)="([^"]+)"/g),
  ].map(([, target = '']) => target);
  return all.filter((target) => !/^[a-z]+:/.test(target));
}

test.each(allPages())('every link of %s leads to a file, and its anchor to a heading', (file) => {
  const broken = linksOf(file).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(projectFolder, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('README has at most 900 words', () => {
  expect(wordsIn('README.md')).toBeLessThanOrEqual(900);
});

test.each(
  allPages().filter((file) => /docs\/explanation\/decisions\/00(?:18|19|20|21|22|23)-/.test(file)),
)('%s has under 300 words', (file) => {
  expect(wordsIn(file)).toBeLessThan(300);
});

test.each(
  allPages().filter((file) => file.startsWith('docs/') && !/decisions\/\d|\.zh-CN\.md$/.test(file)),
)('%s says at its top whom it is for', (file) => {
  const [, afterTitle = ''] = /^# .+\n+([^]*)$/.exec(proseOf(file)) ?? [];
  expect(afterTitle.slice(0, 400)).toMatch(/^For /m);
});

test.each(translations())(
  '$translation has the headings and the code blocks of $original',
  ({ original, translation }) => {
    const levels = (file: string) => headingsOf(file).map(({ level }) => level);
    const blocks = (file: string) =>
      blocksOf(file).map(({ language, text }) => ({ language, text }));
    expect(levels(translation)).toEqual(levels(original));
    expect(blocks(translation)).toEqual(blocks(original));
  },
);

test('every page under docs/ is in the index', () => {
  const inIndex = new Set(
    linksOf('docs/README.md').map((link) => join('docs', link.split('#')[0] ?? '')),
  );
  const missing = allPages().filter(
    (file) =>
      file.startsWith('docs/') &&
      file !== 'docs/README.md' &&
      !/docs\/explanation\/decisions\/\d/.test(file) &&
      !inIndex.has(file),
  );
  expect(missing).toEqual([]);
});

test('the messaging examples find what npm start has written', () => {
  const file = 'docs/guides/messaging/examples/tender.mjs';
  const [, folder = ''] = /new URL\('([^']*\.tender)', import\.meta\.url\)/.exec(
    readFileSync(join(projectFolder, file), 'utf8'),
  )!;
  expect(join(dirname(join(projectFolder, file)), folder)).toBe(join(projectFolder, '.tender'));
});
