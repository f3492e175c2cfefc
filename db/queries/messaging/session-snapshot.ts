import { transcriptOf } from '../../../domain/session.ts';
import type { SessionRead } from './read-session.ts';

/** A session as both sides see it, with the same bytes for both, over HTTP and in events. */
export function sessionSnapshotOf({ session, messages }: SessionRead) {
  const participants = [session.firstAddress, session.secondAddress] as const;
  const withSender = messages.map((message) => ({ ...message, from: message.sender }));
  return {
    id: session.id,
    object: 'session' as const,
    participants: [...participants],
    subject: session.subject,
    status: session.status,
    messages: transcriptOf({ participants, messages: withSender }).map(
      ({ id, from, body, createdAt }) => ({
        id,
        from,
        body: JSON.parse(body) as unknown,
        at: createdAt.toISOString(),
      }),
    ),
    closesAt: session.closesAt.toISOString(),
    endedAt: session.endedAt?.toISOString() ?? null,
    createdAt: session.createdAt.toISOString(),
  };
}
