import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerProviderNotifications } from './provider-notifications.ts';

/** Notifications of payment providers. */
export function providerNotificationsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerProviderNotifications(router, deps);
  return router;
}
