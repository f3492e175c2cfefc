import { and, eq, sql } from 'drizzle-orm';
import type { SessionId } from '../../../domain/ids.ts';
import { merchantsOf } from '../../../domain/participant.ts';
import type { SessionStatus } from '../../../domain/session.ts';
import type { Database } from '../../database.ts';
import { sessions } from '../../schema/messaging.ts';
import { participantsOf, messagesOf } from './read-session.ts';
import { sessionSnapshotOf } from './session-snapshot.ts';
import { notifyMerchants } from './notify-merchants.ts';

/**
 * Expires a session after its deadline with the messages so far, and notifies both sides. Returns the status: `open` if
 * by the database's clock there is time left.
 */
export function expireSession(
  db: Database,
  { sessionId }: { sessionId: SessionId },
): Promise<{ status: SessionStatus }> {
  return db.transaction(async (tx) => {
    const endedAt = new Date();
    const [session] = await tx
      .update(sessions)
      .set({ status: 'expired', endedAt })
      .where(
        and(
          eq(sessions.id, sessionId),
          eq(sessions.status, 'open'),
          sql`${sessions.closesAt} <= clock_timestamp()`,
        ),
      )
      .returning();
    if (!session) {
      const [known] = await tx
        .select({ status: sessions.status })
        .from(sessions)
        .where(eq(sessions.id, sessionId));
      if (!known) throw new Error(`session ${sessionId} does not exist`);
      return known;
    }
    await notifyMerchants(tx, {
      merchantIds: merchantsOf(participantsOf(session)),
      type: 'session.expired',
      resourceId: sessionId,
      data: sessionSnapshotOf({ session, messages: await messagesOf(tx, { sessionId }) }),
      at: endedAt,
    });
    return { status: session.status };
  });
}
