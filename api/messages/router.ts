import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerContacts } from './contacts.ts';
import { registerSendMessage } from './send-message.ts';
import { registerGetMessage } from './get-message.ts';
import { registerReplyToMessage } from './reply-to-message.ts';

/** Requests and their replies, and who may write to whom. */
export function messagesRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerContacts(router, deps);
  registerSendMessage(router, deps);
  registerGetMessage(router, deps);
  registerReplyToMessage(router, deps);
  return router;
}
