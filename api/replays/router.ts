import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateReplay } from './create-replay.ts';
import { registerReplays } from './get-replay.ts';

/** Replays of past events to an endpoint. */
export function replaysRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateReplay(router, deps);
  registerReplays(router, deps);
  return router;
}
