import { endReconciliation as writeEnd, recordStatus } from '../../db/queries/reconciliations.ts';
import type { ReconciliationId } from '../../domain/ids.ts';
import type { ActivityDeps } from '../deps.ts';

/** Ends a run. A completed run is announced to the merchant; a failed one is logged as an error for operators. */
export async function endReconciliation(
  { db, logger }: ActivityDeps,
  { reconciliationId: id, failure }: { reconciliationId: ReconciliationId; failure: string | null },
): Promise<void> {
  const { accountId, date, differenceCount } = await writeEnd(db, { id, failure });
  const about = { reconciliationId: id, accountId, date };
  if (failure !== null) logger.error({ ...about, failure }, 'a day could not be reconciled');
  else if (differenceCount > 0) {
    logger.error({ ...about, differenceCount }, 'books and statement differ; a person must look');
  }
}

/** Records whether a run waits for its statement or continues. */
export async function recordReconciliationStatus(
  { db }: ActivityDeps,
  {
    reconciliationId: id,
    status,
  }: { reconciliationId: ReconciliationId; status: 'running' | 'waiting' },
): Promise<void> {
  await recordStatus(db, { id, status });
}
