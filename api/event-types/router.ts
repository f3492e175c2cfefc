import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateEventType } from './create-event-type.ts';
import { registerEventTypes } from './event-types.ts';

/** Types that a merchant publishes, each with its schema. */
export function eventTypesRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateEventType(router, deps);
  registerEventTypes(router, deps);
  return router;
}
