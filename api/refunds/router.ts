import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateRefund } from './create-refund.ts';
import { registerGetRefund } from './get-refund.ts';
import { registerCloseRefund } from './close-refund.ts';

/** Refunds: requested, read, and closed by a person where the provider neither makes nor refuses them. */
export function refundsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateRefund(router, deps);
  registerGetRefund(router, deps);
  registerCloseRefund(router, deps);
  return router;
}
