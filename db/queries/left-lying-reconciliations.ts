import { and, asc, inArray, lt, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { reconciliations } from '../schema/reconciliations.ts';
import type { ReconciliationRow } from './reconciliations.ts';

const graceSeconds = 30;

/** Runs that were accepted and may have lost their workflow, oldest first; those that run are found running. */
export function listLeftLying(db: Database): Promise<ReconciliationRow[]> {
  return db
    .select()
    .from(reconciliations)
    .where(
      and(
        inArray(reconciliations.status, ['running', 'waiting']),
        lt(reconciliations.startedAt, sql`now() - make_interval(secs => ${graceSeconds})`),
      ),
    )
    .orderBy(asc(reconciliations.startedAt))
    .limit(500);
}
