import { readFileSync, writeFileSync } from 'node:fs';
import { figuresOf, readmes, reportOf, withFigures } from './report.ts';
import { readRuns } from './results.ts';

const root = new URL('../../', import.meta.url);

/** Writes the benchmarks page, its plots and the figures of both READMEs. Returns the paths written. */
export function writeReport(folder: string): string[] {
  const runs = readRuns(folder);
  const files = { ...reportOf(runs) };
  for (const [readme, language] of Object.entries(readmes)) {
    const present = readFileSync(new URL(readme, root), 'utf8');
    files[readme] = withFigures(present, figuresOf(runs, language));
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(new URL(path, root), text);
  return Object.keys(files);
}
