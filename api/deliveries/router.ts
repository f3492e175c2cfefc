import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerListDeliveries } from './list-deliveries.ts';
import { registerGetDelivery } from './get-delivery.ts';
import { registerRetryDelivery } from './retry-delivery.ts';

/** Deliveries to endpoints, with their attempts. */
export function deliveriesRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerListDeliveries(router, deps);
  registerGetDelivery(router, deps);
  registerRetryDelivery(router, deps);
  return router;
}
