import {
  findStalledConversations,
  markRestarted,
} from '../../db/queries/messaging/find-stalled-conversations.ts';
import type { MessageId, SessionId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../deps.ts';
import { startExchange } from '../../orchestration/start-exchange.ts';
import { startSession } from '../../orchestration/start-session.ts';

/** Restarts lost workflows of open requests and sessions. A failed restart is retried by the next recovery. */
export async function restartConversations(
  { db, client, taskQueue, logger }: Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'logger'>,
  { graceSeconds }: { graceSeconds: number },
): Promise<{ messages: number; sessions: number }> {
  const found = await findStalledConversations(db, { graceSeconds });
  const messageIds: MessageId[] = [];
  const sessionIds: SessionId[] = [];
  const warn = (error: unknown) =>
    logger.warn(
      { err: error },
      'a conversation could not be restarted; the recovery job will try again',
    );
  for (const message of found.messages) {
    await startExchange({ client, taskQueue, message, isRestart: true }).then(() => {
      messageIds.push(message.id);
    }, warn);
  }
  for (const session of found.sessions) {
    await startSession({ client, taskQueue, session }).then(() => {
      sessionIds.push(session.id);
    }, warn);
  }
  await markRestarted(db, { messageIds, sessionIds });
  return { messages: messageIds.length, sessions: sessionIds.length };
}
