import { incompatibleStatements } from './incompatible-statements.ts';

/** A migration by its name, such as `0020_heartbeats`, with those before it. */
export type Migration = { name: string; sql: string; earlier: readonly string[] };

// Migrations up to this one were written before there was a release that they could break.
const lastBeforeFirstRelease = '0021';

/**
 * What is wrong with a migration: it must say at its beginning whether processes of the last release go on
 * working beside it, and say the truth. `docs/guides/change-the-schema.md` has the form.
 */
export function judgeMigration({ name, sql, earlier }: Migration): string[] {
  const [, word, said = ''] = /^(compatible|breaking): (.*)$/.exec(firstComment(sql)) ?? [];
  if (word === undefined)
    return ['must begin with "-- compatible: why" or "-- breaking: what an old process would do"'];
  return word === 'compatible' ? judgeCompatible(sql) : judgeBreaking({ name, said, earlier });
}

function judgeCompatible(sql: string): string[] {
  return incompatibleStatements(sql).map((told) => `is marked compatible, but has ${told}`);
}

function judgeBreaking(input: {
  name: string;
  said: string;
  earlier: readonly string[];
}): string[] {
  const { name, said, earlier } = input;
  if (said.endsWith('Before the first release.'))
    return name.slice(0, 4) <= lastBeforeFirstRelease
      ? []
      : ['is not from before the first release'];
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
