import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateEventType } from './create-event-type.ts';
import { registerEventTypes } from './event-types.ts';

/** Event types of a merchant, with their schemas. */
export function eventTypesRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateEventType(router, deps);
  registerEventTypes(router, deps);
  return router;
}
