import type { ApiDeps, App } from '../../deps.ts';
import { registerContacts } from './contacts.ts';
import { registerCreateTopic } from './create-topic.ts';
import { registerGetMessage } from './get-message.ts';
import { registerGetSession } from './get-session.ts';
import { registerOpenSession } from './open-session.ts';
import { registerPublishToTopic } from './publish-to-topic.ts';
import { registerReadTopic } from './read-topic.ts';
import { registerReplyToMessage } from './reply-to-message.ts';
import { registerSendMessage } from './send-message.ts';
import { registerSpeakInSession } from './speak-in-session.ts';
import { registerTopicMembers } from './topic-members.ts';

/** The three patterns of communication: requests, sessions, topics, and who may write to whom. */
export function registerMessaging(app: App, deps: ApiDeps) {
  registerContacts(app, deps);
  registerSendMessage(app, deps);
  registerGetMessage(app, deps);
  registerReplyToMessage(app, deps);
  registerOpenSession(app, deps);
  registerGetSession(app, deps);
  registerSpeakInSession(app, deps);
  registerCreateTopic(app, deps);
  registerTopicMembers(app, deps);
  registerPublishToTopic(app, deps);
  registerReadTopic(app, deps);
}
