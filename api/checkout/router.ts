import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCheckout } from './checkout.tsx';

/** The payer's checkout page of an order. */
export function checkoutRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCheckout(router, deps);
  return router;
}
