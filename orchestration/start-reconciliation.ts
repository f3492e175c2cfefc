import type { AccountId, ReconciliationId } from '../domain/ids.ts';
import { reconcileAgain, workflowIds } from '../workflows/messages.ts';
import type { ReconcileStatementInput } from '../workflows/messages.ts';
import type { reconcileStatement } from '../workflows/reconcile-statement.ts';
import type { Temporal } from './temporal.ts';

type Run = { id: ReconciliationId; accountId: AccountId; date: string };

/** Starts a run's workflow, or finds it running; idempotent. */
export async function startReconciliation({
  client,
  taskQueue,
  run,
}: Temporal & { run: Run }): Promise<void> {
  await client.workflow.start<typeof reconcileStatement>('reconcileStatement', {
    ...startOptions(run),
    taskQueue,
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}

/** Starts a run's workflow, or signals the running one to fetch its statement at once. */
export async function reconcileNow({
  client,
  taskQueue,
  run,
}: Temporal & { run: Run }): Promise<void> {
  await client.workflow.signalWithStart<typeof reconcileStatement>('reconcileStatement', {
    ...startOptions(run),
    taskQueue,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    signal: reconcileAgain,
    signalArgs: [],
  });
}

function startOptions({ id, accountId, date }: Run) {
  const args: [ReconcileStatementInput] = [{ reconciliationId: id, accountId, date }];
  return {
    workflowId: workflowIds.reconcileStatement(accountId, date),
    args,
    staticSummary: `Reconciles ${date} of ${accountId} with the provider's statement`,
  };
}
