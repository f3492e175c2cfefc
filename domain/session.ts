import { isSameJson } from './exchange.ts';
import type { Address } from './participant.ts';

export const sessionStatuses = ['open', 'complete', 'expired'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** A participant's message; `body` is JSON. */
export type SessionMessage = { from: Address; body: string };

/** A session of two participants, each of whom sends one message. */
export type SessionState<S extends SessionMessage> = {
  status: SessionStatus;
  participants: readonly [Address, Address];
  messages: readonly S[];
  /** The deadline has passed by the database's clock, even if that is not recorded yet. */
  isOver: boolean;
};

export type MessageDecision<S extends SessionMessage> =
  | { kind: 'record'; isLast: boolean }
  /** Equal to the recorded message, which is returned. */
  | { kind: 'repeat'; message: S }
  | { kind: 'contradicts' }
  /** The deadline has passed. */
  | { kind: 'closed' };

/** Decides on one message of a participant. A recorded message never changes. Pure. */
export function decideOnMessage<S extends SessionMessage>(
  session: SessionState<S>,
  { from, body }: SessionMessage,
): MessageDecision<S> {
  const before = session.messages.find((message) => message.from === from);
  if (before) {
    return isSameJson(before.body, body)
      ? { kind: 'repeat', message: before }
      : { kind: 'contradicts' };
  }
  if (session.status !== 'open' || session.isOver) return { kind: 'closed' };
  return { kind: 'record', isLast: session.messages.length + 1 === session.participants.length };
}

/** The messages in the order of the participants, so that both sides see the same transcript. */
export function transcriptOf<S extends SessionMessage>({
  participants,
  messages,
}: Pick<SessionState<S>, 'participants' | 'messages'>): S[] {
  return participants.flatMap((address) => messages.filter(({ from }) => from === address));
}
