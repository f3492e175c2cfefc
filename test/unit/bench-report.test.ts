import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { figuresOf, readmes, reportOf, withFigures } from '../../bench/report/report.ts';
import { readRuns } from '../../bench/report/results.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const runs = readRuns(fileURLToPath(new URL('bench/results', root)));

test('the committed benchmarks page and its plots are what the report writes from the committed runs', () => {
  const files = reportOf(runs);
  const committed = Object.fromEntries(Object.keys(files).map((path) => [path, read(path)]));
  expect(committed).toEqual(files);
});

test.each(Object.entries(readmes))(
  'the figures of %s are those of the committed runs',
  (path, language) => {
    expect(read(path)).toBe(withFigures(read(path), figuresOf(runs, language)));
  },
);

test('a report without runs of webhooks has no figures to give', () => {
  expect(() => figuresOf({ ...runs, webhooks: undefined }, 'en')).toThrow('the figures need');
});
