import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { judgeMigration } from './judge-migration.ts';

type Journal = { entries: { tag: string; when: number }[] };

/** What is wrong with the migrations of a folder, a line each. */
export function checkFolder(folder: string): string[] {
  const { entries } = JSON.parse(
    readFileSync(join(folder, 'meta', '_journal.json'), 'utf8'),
  ) as Journal;
  const names = entries.map(({ tag }) => tag);
  const unlisted = readdirSync(folder)
    .filter((file) => file.endsWith('.sql') && !names.includes(file.slice(0, -'.sql'.length)))
    .map((file) => `${file} is not in meta/_journal.json and would never be run`);
  const outOfOrder = entries
    .filter(({ when }, place) => when <= (entries[place - 1]?.when ?? 0))
    .map(
      ({ tag }) => `${tag} is older than the one before it and would be passed over: write it anew`,
    );
  const judged = names.flatMap((name, place) => {
    const sql = readFileSync(join(folder, `${name}.sql`), 'utf8');
    return judgeMigration({ sql, earlier: names.slice(0, place) }).map(
      (problem) => `${name} ${problem}`,
    );
  });
  return [...unlisted, ...outOfOrder, ...judged];
}
