import { isSameJson } from './exchange.ts';
import type { Address } from './participant.ts';

export const sessionStatuses = ['open', 'complete', 'expired'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** What a participant said; `body` is JSON. */
export type Saying = { from: Address; body: string };

/** Two participants, each of whom speaks once. */
export type SessionState<S extends Saying> = {
  status: SessionStatus;
  participants: readonly [Address, Address];
  sayings: readonly S[];
  /** The deadline has passed by the database's clock, whether or not that is recorded yet. */
  isOver: boolean;
};

export type SpeakDecision<S extends Saying> =
  | { kind: 'record'; isLast: boolean }
  /** Said before in the same words: answered with what is recorded. */
  | { kind: 'repeat'; saying: S }
  | { kind: 'contradicts' }
  /** The deadline has passed. */
  | { kind: 'closed' };

/** Decides about one message of a participant's. What was said once is never changed. Pure. */
export function decideOnSaying<S extends Saying>(
  session: SessionState<S>,
  { from, body }: Saying,
): SpeakDecision<S> {
  const before = session.sayings.find((saying) => saying.from === from);
  if (before) {
    return isSameJson(before.body, body)
      ? { kind: 'repeat', saying: before }
      : { kind: 'contradicts' };
  }
  if (session.status !== 'open' || session.isOver) return { kind: 'closed' };
  return { kind: 'record', isLast: session.sayings.length + 1 === session.participants.length };
}

/** What was said, in the order of the participants: the same at both sides, whoever spoke first. */
export function transcriptOf<S extends Saying>({
  participants,
  sayings,
}: Pick<SessionState<S>, 'participants' | 'sayings'>): S[] {
  return participants.flatMap((address) => sayings.filter(({ from }) => from === address));
}
