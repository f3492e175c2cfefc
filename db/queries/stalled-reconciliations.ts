import { and, asc, eq, lt, or, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { reconciliations } from '../schema/reconciliations.ts';
import type { ReconciliationRow } from './reconciliations.ts';

const graceSeconds = 30;
// Nothing waits that long: its workflow is lost.
const longestWaitHours = 73;

/** Runs that were accepted and may have lost their workflow, oldest first; those that run are found running. */
export function listStalledReconciliations(db: Database): Promise<ReconciliationRow[]> {
  return db
    .select()
    .from(reconciliations)
    .where(
      or(
        and(
          eq(reconciliations.status, 'running'),
          lt(reconciliations.startedAt, sql`now() - make_interval(secs => ${graceSeconds})`),
        ),
        and(
          eq(reconciliations.status, 'waiting'),
          lt(reconciliations.startedAt, sql`now() - make_interval(hours => ${longestWaitHours})`),
        ),
      ),
    )
    .orderBy(asc(reconciliations.startedAt))
    .limit(500);
}
