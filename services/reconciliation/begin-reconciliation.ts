import { openReconciliation } from '../../db/queries/reconciliations.ts';
import type { ReconciliationRow } from '../../db/queries/reconciliations.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { reconcileNow } from '../../orchestration/start-reconciliation.ts';
import type { ServiceDeps } from '../deps.ts';

/**
 * Reconciles a day of an account, or the same day again; a run that waits for its statement asks at
 * once. Not awaited: whoever syncs the schedules starts what is stalled.
 */
export async function beginReconciliation(
  { db, client, taskQueue, logger }: Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'logger'>,
  input: {
    merchantId: MerchantId;
    accountId: AccountId;
    date: string;
    trigger: 'schedule' | 'request';
  },
): Promise<ReconciliationRow> {
  const run = await openReconciliation(db, input);
  reconcileNow({ client, taskQueue, run }).catch((error: unknown) =>
    logger.warn({ err: error, reconciliationId: run.id }, 'a reconciliation waits to be started'),
  );
  return run;
}
