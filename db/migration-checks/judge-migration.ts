import { incompatibleStatements } from './incompatible-statements.ts';

/** A migration's text, with the names of those before it, such as `0020_heartbeats`. */
export type Migration = { sql: string; earlier: readonly string[] };

/**
 * What is wrong with a migration: it must say at its beginning whether processes of the last release go on
 * working beside it, and say the truth. `docs/guides/change-the-schema.md` has the form.
 */
export function judgeMigration({ sql, earlier }: Migration): string[] {
  const [, word, said = ''] = /^(compatible|breaking): (.*)$/.exec(firstComment(sql)) ?? [];
  if (word === undefined)
    return ['must begin with "-- compatible: why" or "-- breaking: what an old process would do"'];
  return word === 'compatible' ? judgeCompatible(sql) : judgeBreaking({ said, earlier });
}

function judgeCompatible(sql: string): string[] {
  return incompatibleStatements(sql).map((told) => `is marked compatible, but has ${told}`);
}

function judgeBreaking(input: { said: string; earlier: readonly string[] }): string[] {
  const { said, earlier } = input;
  const steps = /Steps before: ([\w, ]+)\. From release: \d+\.\d+\.\d+\.$/.exec(said)?.[1];
  if (steps === undefined)
    return [
      'is marked breaking: its comment must end in "Steps before: 0023_name. From release: 1.2.3."',
    ];
  return steps
    .split(', ')
    .filter((step) => !earlier.includes(step))
    .map((step) => `names ${step} as a step before it, and there is no such migration before it`);
}

/** The comment at the beginning of a file, as one line. */
function firstComment(sql: string): string {
  const lines = sql.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('-- '));
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .map((line) => line.slice(3).trim())
    .join(' ');
}
