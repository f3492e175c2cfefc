import { openReconciliation } from '../../db/queries/reconciliations.ts';
import type { ReconciliationRow } from '../../db/queries/reconciliations.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { reconcileAgain, workflowIds } from '../../workflows/messages.ts';
import type { ReconcileStatementInput } from '../../workflows/messages.ts';
import type { reconcileStatement } from '../../workflows/reconcile-statement.ts';
import type { ActivityDeps } from '../../activities/deps.ts';

type Deps = Pick<ActivityDeps, 'db' | 'client' | 'taskQueue' | 'logger'>;

/**
 * Reconciles a day of an account, or the same day again; a run that waits for its statement asks at
 * once. Not awaited: whoever looks after the schedules starts what is left lying.
 */
export async function beginReconciliation(
  deps: Deps,
  input: {
    merchantId: MerchantId;
    accountId: AccountId;
    date: string;
    trigger: 'schedule' | 'request';
  },
): Promise<ReconciliationRow> {
  const run = await openReconciliation(deps.db, input);
  const { workflowId, ...options } = startOptions(deps, run);
  deps.client.workflow
    .signalWithStart<typeof reconcileStatement>('reconcileStatement', {
      ...options,
      workflowId,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      signal: reconcileAgain,
      signalArgs: [],
    })
    .catch((error: unknown) =>
      deps.logger.warn(
        { err: error, reconciliationId: run.id },
        'a reconciliation waits to be started',
      ),
    );
  return run;
}

/** Starts the workflow of a run that was left lying, or finds it running. */
export async function restartReconciliation(deps: Deps, run: ReconciliationRow): Promise<void> {
  await deps.client.workflow.start<typeof reconcileStatement>('reconcileStatement', {
    ...startOptions(deps, run),
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}

function startOptions({ taskQueue }: Deps, { id, accountId, date }: ReconciliationRow) {
  const args: [ReconcileStatementInput] = [{ reconciliationId: id, accountId, date }];
  return {
    workflowId: workflowIds.reconcileStatement(accountId, date),
    taskQueue,
    args,
    staticSummary: `${date} of ${accountId}, against the provider's statement`,
  };
}
