import { and, eq, sql } from 'drizzle-orm';
import { newId } from '../../../domain/ids.ts';
import type { MerchantId, SessionId } from '../../../domain/ids.ts';
import { merchantsOf, speakerAmong } from '../../../domain/participant.ts';
import type { Address } from '../../../domain/participant.ts';
import { decideOnMessage } from '../../../domain/session.ts';
import type { Database } from '../../database.ts';
import { sessionMessages, sessions } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';
import { isPartOf, participantsOf, messagesOf } from './read-session.ts';
import type { SessionRead } from './read-session.ts';
import { sessionSnapshotOf } from './session-snapshot.ts';
import { notifyMerchants } from './notify-merchants.ts';

export type SpeakResult =
  | { kind: 'none' }
  /** Both sides belong to the merchant, or the named one does not. */
  | { kind: 'noSpeaker' }
  | ({ kind: 'recorded' | 'repeat' | 'contradicts' | 'closed' } & SessionRead);

/**
 * Records one side's message, once, and notifies the other; the last message completes the session and sends both the
 * transcript. All under the session's row lock. `body` is JSON.
 */
export function speakInSession(
  db: Database,
  input: {
    merchantId: MerchantId;
    sessionId: SessionId;
    as: Address | undefined;
    body: string;
  },
): Promise<SpeakResult> {
  const { merchantId, sessionId, as, body } = input;
  return db.transaction(async (tx) => {
    const isThis = and(eq(sessions.id, sessionId), isPartOf({ merchantId }));
    const [session] = await tx.select().from(sessions).where(isThis).for('update');
    if (!session) return { kind: 'none' };
    const speaker = speakerAmong(participantsOf(session), { merchantId, as });
    if (!speaker) return { kind: 'noSpeaker' };
    // A separate statement, because the clock of the one that waited for the lock is older than the lock.
    const [clock] = await tx
      .select({ isOver: sql<boolean>`${sessions.closesAt} <= clock_timestamp()` })
      .from(sessions)
      .where(isThis);
    const messages = await messagesOf(tx, { sessionId });
    const decision = decideOnMessage(
      {
        status: session.status,
        isOver: clock!.isOver,
        participants: [session.firstAddress, session.secondAddress],
        messages: messages.map((message) => ({ ...message, from: message.sender })),
      },
      { from: speaker.address, body },
    );
    if (decision.kind !== 'record') return { kind: decision.kind, session, messages };
    const message = {
      sessionId,
      body,
      id: newId('message'),
      sender: speaker.address,
      createdAt: new Date(),
    };
    await tx.insert(sessionMessages).values(message);
    const read = { session, messages: [...messages, message] };
    await notifyOther(tx, read, speaker.address);
    return { kind: 'recorded', ...(decision.isLast ? await complete(tx, read) : read) };
  });
}

async function notifyOther(tx: Transaction, read: SessionRead, speaker: Address): Promise<void> {
  const { session, messages } = read;
  const { id, createdAt, body } = messages.at(-1)!;
  await notifyMerchants(tx, {
    merchantIds: merchantsOf(participantsOf(session).filter(({ address }) => address !== speaker)),
    type: 'session.message',
    resourceId: session.id,
    data: {
      id,
      object: 'session_message',
      sessionId: session.id,
      subject: session.subject,
      from: speaker,
      body: JSON.parse(body) as unknown,
      at: createdAt.toISOString(),
    },
    at: createdAt,
  });
}

async function complete(tx: Transaction, { session, messages }: SessionRead): Promise<SessionRead> {
  const endedAt = messages.at(-1)!.createdAt;
  const [ended] = await tx
    .update(sessions)
    .set({ status: 'complete', endedAt })
    .where(eq(sessions.id, session.id))
    .returning();
  const read = { session: ended!, messages };
  await notifyMerchants(tx, {
    merchantIds: merchantsOf(participantsOf(session)),
    type: 'session.completed',
    resourceId: session.id,
    data: sessionSnapshotOf(read),
    at: endedAt,
  });
  return read;
}
