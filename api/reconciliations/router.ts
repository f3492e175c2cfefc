import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateReconciliation } from './create-reconciliation.ts';
import { registerListReconciliations } from './list-reconciliations.ts';
import { registerGetReconciliation } from './get-reconciliation.ts';
import { registerGetStatementTotals } from './get-statement-totals.ts';
import { registerListReconciliationDifferences } from './list-reconciliation-differences.ts';
import { registerAcknowledgeDifference } from './acknowledge-difference.ts';

/** Reconciliation of an account's daily statement with the ledger. */
export function reconciliationsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateReconciliation(router, deps);
  registerListReconciliations(router, deps);
  registerGetReconciliation(router, deps);
  registerGetStatementTotals(router, deps);
  registerListReconciliationDifferences(router, deps);
  registerAcknowledgeDifference(router, deps);
  return router;
}
