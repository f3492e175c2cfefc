import { and, asc, eq, or } from 'drizzle-orm';
import type { MerchantId, SessionId } from '../../../domain/ids.ts';
import type { Participant } from '../../../domain/participant.ts';
import type { Database } from '../../database.ts';
import { sessionMessages, sessions } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';

export type Session = typeof sessions.$inferSelect;
export type SessionMessage = typeof sessionMessages.$inferSelect;
export type SessionRead = { session: Session; messages: SessionMessage[] };

export function participantsOf(session: Session): [Participant, Participant] {
  return [
    { address: session.firstAddress, merchantId: session.firstMerchantId },
    { address: session.secondAddress, merchantId: session.secondMerchantId },
  ];
}

export function messagesOf(
  db: Database | Transaction,
  { sessionId }: { sessionId: SessionId },
): Promise<SessionMessage[]> {
  return db
    .select()
    .from(sessionMessages)
    .where(eq(sessionMessages.sessionId, sessionId))
    .orderBy(asc(sessionMessages.createdAt));
}

/** Both sides of a session may see all of it, others nothing. */
export const isPartOf = ({ merchantId }: { merchantId: MerchantId }) =>
  or(eq(sessions.firstMerchantId, merchantId), eq(sessions.secondMerchantId, merchantId));

/** A session by an id from our own rows. */
export async function lookUpSession(
  db: Database,
  { sessionId }: { sessionId: SessionId },
): Promise<Session | undefined> {
  const [session] = await db.select().from(sessions).where(eq(sessions.id, sessionId));
  return session;
}

export async function findSession(
  db: Database,
  { merchantId, sessionId }: { merchantId: MerchantId; sessionId: SessionId },
): Promise<SessionRead | undefined> {
  const [session] = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isPartOf({ merchantId })));
  return session && { session, messages: await messagesOf(db, { sessionId }) };
}
