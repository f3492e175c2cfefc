import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { judgeMigration } from './judge-migration.ts';

type Journal = { entries: { tag: string; when: number }[] };

/** The problems of a folder's migrations, one per line. */
export function checkFolder(folder: string): string[] {
  const { entries } = JSON.parse(
    readFileSync(join(folder, 'meta', '_journal.json'), 'utf8'),
  ) as Journal;
  const names = entries.map(({ tag }) => tag);
  const unlisted = readdirSync(folder)
    .filter((file) => file.endsWith('.sql') && !names.includes(file.slice(0, -'.sql'.length)))
    .map((file) => `${file} is not in meta/_journal.json and would never run`);
  const outOfOrder = entries
    .filter(({ when }, place) => when <= (entries[place - 1]?.when ?? 0))
    .map(
      ({ tag }) => `${tag} is older than its predecessor and would be skipped: generate it again`,
    );
  const judged = names.flatMap((name, place) => {
    const sql = readFileSync(join(folder, `${name}.sql`), 'utf8');
    return judgeMigration({ sql, earlier: names.slice(0, place) }).map(
      (problem) => `${name} ${problem}`,
    );
  });
  return [...unlisted, ...outOfOrder, ...judged];
}
