import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerContacts } from './contacts.ts';
import { registerSendMessage } from './send-message.ts';
import { registerGetMessage } from './get-message.ts';
import { registerReplyToMessage } from './reply-to-message.ts';

/** Requests, their replies, and the permissions to send messages. */
export function messagesRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerContacts(router, deps);
  registerSendMessage(router, deps);
  registerGetMessage(router, deps);
  registerReplyToMessage(router, deps);
  return router;
}
