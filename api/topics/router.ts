import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreateTopic } from './create-topic.ts';
import { registerTopicMembers } from './topic-members.ts';
import { registerPublishToTopic } from './publish-to-topic.ts';
import { registerReadTopic } from './read-topic.ts';

/** Topics: members, and messages to all of them. */
export function topicsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreateTopic(router, deps);
  registerTopicMembers(router, deps);
  registerPublishToTopic(router, deps);
  registerReadTopic(router, deps);
  return router;
}
