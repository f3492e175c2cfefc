import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerOpenSession } from './open-session.ts';
import { registerGetSession } from './get-session.ts';
import { registerSpeakInSession } from './speak-in-session.ts';

/** Sessions between two participants, who send one message each. */
export function sessionsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerOpenSession(router, deps);
  registerGetSession(router, deps);
  registerSpeakInSession(router, deps);
  return router;
}
