import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateOrder } from './create-order.ts';
import { registerGetOrder } from './get-order.ts';
import { registerListOrders } from './list-orders.ts';
import { registerCancelOrder } from './cancel-order.ts';
import { registerCaptureOrder } from './capture-order.ts';
import { registerSwitchPayment } from './switch-payment.ts';
import { registerResolveReview } from './resolve-review.ts';

/** Orders: create, read, cancel, capture, switch the payment method, resolve a review. */
export function ordersRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateOrder(router, deps);
  registerGetOrder(router, deps);
  registerListOrders(router, deps);
  registerCancelOrder(router, deps);
  registerCaptureOrder(router, deps);
  registerSwitchPayment(router, deps);
  registerResolveReview(router, deps);
  return router;
}
