import { and, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { MessageId, SessionId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { messages, sessions } from '../../schema/messaging.ts';
import type { Message } from './create-request.ts';
import type { Session } from './read-session.ts';

const batchSize = 500;
// Most of them just wait for a reply, with a healthy workflow.
const recoverAgainAfterSeconds = 300;
const ago = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;

/** Open requests and sessions whose workflow may be lost, longest waiting first. */
export async function findStalledConversations(
  db: Database,
  { graceSeconds }: { graceSeconds: number },
): Promise<{ messages: Message[]; sessions: Session[] }> {
  const isDue = (table: typeof messages | typeof sessions) =>
    and(
      lt(table.createdAt, ago(graceSeconds)),
      or(isNull(table.recoveredAt), lt(table.recoveredAt, ago(recoverAgainAfterSeconds))),
    );
  const [requests, open] = await Promise.all([
    db
      .select()
      .from(messages)
      .where(and(eq(messages.status, 'pending'), isDue(messages)))
      .orderBy(sql`${messages.recoveredAt} nulls first`)
      .limit(batchSize),
    db
      .select()
      .from(sessions)
      .where(and(eq(sessions.status, 'open'), isDue(sessions)))
      .orderBy(sql`${sessions.recoveredAt} nulls first`)
      .limit(batchSize),
  ]);
  return { messages: requests, sessions: open };
}

/** Records that these were recovered, so that the next run handles others first. */
export async function markRestarted(
  db: Database,
  ids: { messageIds: MessageId[]; sessionIds: SessionId[] },
): Promise<void> {
  const recoveredAt = new Date();
  if (ids.messageIds.length > 0) {
    await db.update(messages).set({ recoveredAt }).where(inArray(messages.id, ids.messageIds));
  }
  if (ids.sessionIds.length > 0) {
    await db.update(sessions).set({ recoveredAt }).where(inArray(sessions.id, ids.sessionIds));
  }
}
