import { readAccount } from '../../db/queries/provider-accounts.ts';
import type { AccountId, ReconciliationId } from '../../domain/ids.ts';
import { dateIn, dayBefore } from '../../domain/reconciliation.ts';
import { findDefinition } from '../../providers/registry.ts';
import type { ServiceDeps } from '../deps.ts';
import { beginReconciliation } from './begin-reconciliation.ts';

/** Starts the reconciliation of the day before the scheduled time, in the provider's time zone. */
export async function beginScheduled(
  deps: Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'logger'>,
  { accountId, scheduledAtMs }: { accountId: AccountId; scheduledAtMs: number },
): Promise<{ reconciliationId: ReconciliationId | null }> {
  const account = await readAccount(deps.db, { accountId });
  const definition = account && findDefinition(account.provider);
  if (!definition) return { reconciliationId: null };
  const { timeZone } = definition.statements;
  const { id } = await beginReconciliation(deps, {
    accountId,
    merchantId: account.merchantId,
    date: dayBefore(dateIn(timeZone, scheduledAtMs)),
    trigger: 'schedule',
  });
  return { reconciliationId: id };
}
