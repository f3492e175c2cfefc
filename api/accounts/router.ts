import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerGetBalances } from './get-balances.ts';
import { registerDryRunRouting } from './dry-run-routing.ts';

/** Balances of provider accounts, and the dry run of payment routing. */
export function accountsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerGetBalances(router, deps);
  registerDryRunRouting(router, deps);
  return router;
}
