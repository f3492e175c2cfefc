import { and, eq, sql } from 'drizzle-orm';
import { newId } from '../../../domain/ids.ts';
import type { MerchantId } from '../../../domain/ids.ts';
import { merchantsOf } from '../../../domain/participant.ts';
import type { Participant } from '../../../domain/participant.ts';
import type { Database } from '../../database.ts';
import { sessions } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';
import { messagesOf } from './read-session.ts';
import type { SessionRead } from './read-session.ts';
import { sessionSnapshotOf } from './session-snapshot.ts';
import { notifyMerchants } from './notify-merchants.ts';

export type NewSession = {
  merchantId: MerchantId;
  participants: readonly [Participant, Participant];
  sessionKey: string | null;
  contentHash: string;
  subject: string;
  closesInSeconds: number;
};

export type CreateSessionResult =
  | ({ kind: 'created' | 'existing' } & SessionRead)
  /** The key belongs to other content. */
  | { kind: 'keyReused' };

/** Opens a session between two participants and notifies both, in one transaction. */
export function createSession(db: Database, input: NewSession): Promise<CreateSessionResult> {
  return db.transaction(async (tx) => {
    const { participants, closesInSeconds, ...content } = input;
    const [first, second] = participants;
    const [session] = await tx
      .insert(sessions)
      .values({
        id: newId('session'),
        ...content,
        firstAddress: first.address,
        firstMerchantId: first.merchantId,
        secondAddress: second.address,
        secondMerchantId: second.merchantId,
        createdAt: sql`date_trunc('milliseconds', clock_timestamp())`,
        closesAt: sql`date_trunc('milliseconds', clock_timestamp())
          + make_interval(secs => ${closesInSeconds})`,
      })
      .onConflictDoNothing()
      .returning();
    if (!session) return resume(tx, input);
    await notifyMerchants(tx, {
      merchantIds: merchantsOf(participants),
      type: 'session.opened',
      resourceId: session.id,
      data: sessionSnapshotOf({ session, messages: [] }),
      at: session.createdAt,
    });
    return { kind: 'created', session, messages: [] };
  });
}

async function resume(
  tx: Transaction,
  { merchantId, sessionKey, contentHash }: NewSession,
): Promise<CreateSessionResult> {
  const [session] = await tx
    .select()
    .from(sessions)
    .where(and(eq(sessions.merchantId, merchantId), eq(sessions.sessionKey, sessionKey ?? '')));
  if (!session)
    throw new Error(`session key ${sessionKey} conflicts with a session that does not exist`);
  if (session.contentHash !== contentHash) return { kind: 'keyReused' };
  return { kind: 'existing', session, messages: await messagesOf(tx, { sessionId: session.id }) };
}
