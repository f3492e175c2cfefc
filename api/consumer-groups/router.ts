import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateConsumerGroup } from './create-consumer-group.ts';
import { registerConsumerGroups } from './consumer-groups.ts';
import { registerTakeEvents } from './take-events.ts';
import { registerAcknowledgeEvents } from './acknowledge-events.ts';

/** Consumer groups of the event feed: take a batch, acknowledge it. */
export function consumerGroupsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateConsumerGroup(router, deps);
  registerConsumerGroups(router, deps);
  registerTakeEvents(router, deps);
  registerAcknowledgeEvents(router, deps);
  return router;
}
