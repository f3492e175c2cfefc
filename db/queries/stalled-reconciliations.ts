import { and, asc, eq, lt, or, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { reconciliations } from '../schema/reconciliations.ts';
import type { ReconciliationRow } from './reconciliations.ts';

const graceSeconds = 30;
// Longer than any wait: the workflow is lost.
const longestWaitHours = 73;

/** Accepted runs whose workflow may be lost, oldest first; a start finds the running ones. */
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
