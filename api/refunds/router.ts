import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateRefund } from './create-refund.ts';
import { registerGetRefund } from './get-refund.ts';
import { registerCloseRefund } from './close-refund.ts';

/** Refunds: request, read, and close by hand if the provider neither executes nor refuses one. */
export function refundsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateRefund(router, deps);
  registerGetRefund(router, deps);
  registerCloseRefund(router, deps);
  return router;
}
