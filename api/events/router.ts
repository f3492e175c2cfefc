import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerPublishEvents } from './publish-events.ts';
import { registerListEvents } from './list-events.ts';
import { registerLatestEvents } from './latest-events.ts';
import { registerStreamEvents } from './stream-events.ts';
import { registerGetEvent } from './get-event.ts';

/** The event feed: publish, read by cursor or long poll, stream. */
export function eventsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerPublishEvents(router, deps);
  registerListEvents(router, deps);
  registerLatestEvents(router, deps);
  registerStreamEvents(router, deps);
  registerGetEvent(router, deps);
  return router;
}
