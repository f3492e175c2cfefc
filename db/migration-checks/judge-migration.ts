import { incompatibleStatements } from './incompatible-statements.ts';

/** A migration's text, and the names of the earlier ones, such as `0020_heartbeats`. */
export type Migration = { sql: string; earlier: readonly string[] };

/**
 * The problems of a migration: its first comment must state whether processes of the last release keep working, and be
 * right. `docs/guides/change-the-schema.md` has the form.
 */
export function judgeMigration({ sql, earlier }: Migration): string[] {
  const [, marking, reason = ''] = /^(compatible|breaking): (.*)$/.exec(firstComment(sql)) ?? [];
  if (marking === undefined)
    return ['must begin with "-- compatible: why" or "-- breaking: what an old process would do"'];
  return marking === 'compatible' ? judgeCompatible(sql) : judgeBreaking({ reason, earlier });
}

function judgeCompatible(sql: string): string[] {
  return incompatibleStatements(sql).map((problem) => `is marked compatible, but has ${problem}`);
}

function judgeBreaking(input: { reason: string; earlier: readonly string[] }): string[] {
  const { reason, earlier } = input;
  const steps = /Steps before: ([\w, ]+)\. From release: \d+\.\d+\.\d+\.$/.exec(reason)?.[1];
  if (steps === undefined)
    return [
      'is marked breaking: its comment must end in "Steps before: 0023_name. From release: 1.2.3."',
    ];
  return steps
    .split(', ')
    .filter((step) => !earlier.includes(step))
    .map((step) => `names ${step} as an earlier step, but there is no such earlier migration`);
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
