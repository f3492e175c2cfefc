import { openReconciliation } from '../../db/queries/reconciliations.ts';
import type { ReconciliationRow } from '../../db/queries/reconciliations.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { reconcileNow } from '../../orchestration/start-reconciliation.ts';
import type { ServiceDeps } from '../deps.ts';

/**
 * Reconciles a day of an account, also repeatedly; a run that waits for its statement fetches it at once. The start is
 * not awaited: the schedule sync starts stalled runs.
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
    logger.warn(
      { err: error, reconciliationId: run.id },
      'a reconciliation could not be started; the schedule sync will start it',
    ),
  );
  return run;
}
