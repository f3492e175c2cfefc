import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { statements } from '../schema/reconciliations.ts';
import { pairsOf } from './statement-pairs.ts';
import type { Day } from './statement-pairs.ts';

// Refunds are taken on and settled within days; more would be a fault of ours, not a reason to fetch a year.
const mostDays = 31;

/** Which other days' statements could have what this day's has not, and are not at hand; the latest first. */
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
