import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { statements } from '../schema/reconciliations.ts';
import { pairsOf } from './statement-pairs.ts';
import type { Day } from './statement-pairs.ts';

// Refunds are accepted and settled within days; more would be a defect, not a reason to fetch a year.
const mostDays = 31;

/** The other days' statements that could have this day's missing lines and are not loaded; the latest first. */
export async function wantedStatements(
  db: Database,
  { day, today }: { day: Day; today: string },
): Promise<string[]> {
  const { rows } = await db.execute<{ wanted: string }>(sql`
    with ${pairsOf(day)}
    select distinct other.wanted::text as wanted from pairs, unnest(pairs.needed) as other(wanted)
    where lines is null and other_days = 'undecided' and other.wanted <= ${today}::date
      and not exists (select from ${statements} as s where s.account_id = ${day.accountId}
        and s.date = other.wanted and s.loaded_at is not null)
    order by wanted desc limit ${mostDays}`);
  return rows.map(({ wanted }) => wanted);
}
