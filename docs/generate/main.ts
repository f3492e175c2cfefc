/** `npm run docs`: writes the generated sections of the reference pages. */
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedSections, withSections } from './sections.ts';

const root = new URL('../../', import.meta.url);
for (const [page, sections] of Object.entries(generatedSections)) {
  const path = new URL(page, root);
  writeFileSync(path, withSections(readFileSync(path, 'utf8'), sections));
}
