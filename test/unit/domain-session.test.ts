import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { speakerAmong } from '../../domain/participant.ts';
import type { Address, Participant } from '../../domain/participant.ts';
import { decideOnMessage, transcriptOf } from '../../domain/session.ts';
import type { SessionMessage, SessionState } from '../../domain/session.ts';

const [a, b] = ['mer_a', 'ep_b'] as const;
const open: SessionState<SessionMessage> = {
  status: 'open',
  participants: [a, b],
  messages: [],
  isOver: false,
};

/** What recording comes to, as the database does it. */
function apply(
  session: SessionState<SessionMessage>,
  message: SessionMessage,
): SessionState<SessionMessage> {
  const decision = decideOnMessage(session, message);
  if (decision.kind !== 'record') return session;
  const messages = [...session.messages, message];
  return { ...session, messages, status: decision.isLast ? 'complete' : 'open' };
}

const message = fc.record({
  from: fc.constantFrom<Address>(a, b),
  body: fc.jsonValue().map((value) => JSON.stringify(value)),
});

test('in whatever order repeats and contradictions come, both sides have the same transcript of first words', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }).chain((said) =>
        fc.record({
          said: fc.constant(said),
          // The same with repeats mixed in, the order of each side's own words kept.
          repeated: fc.infiniteStream(fc.boolean()).map((again) => {
            const flips = again[Symbol.iterator]();
            return said.flatMap((one) => (flips.next().value ? [one, one] : [one]));
          }),
        }),
      ),
      ({ said, repeated }) => {
        const of = (side: Address, all: readonly SessionMessage[]) =>
          all.filter(({ from }) => from === side);
        const firstWords = [a, b].flatMap((side) => of(side, said).slice(0, 1));
        for (const heard of [said, repeated, [...of(b, said), ...of(a, said)]]) {
          const end = heard.reduce(apply, open);
          expect(transcriptOf(end)).toEqual(firstWords);
          expect(end.status).toBe(firstWords.length === 2 ? 'complete' : 'open');
        }
      },
    ),
  );
});

test('once complete or over, nothing changes any more', () => {
  fc.assert(
    fc.property(fc.array(message), fc.constantFrom('expired', 'open'), (said, status) => {
      const over: SessionState<SessionMessage> = { ...open, status, isOver: true };
      expect(said.reduce(apply, over)).toEqual(over);
    }),
  );
});

test('a repeat after the end is answered with what was recorded, another word refused', () => {
  const ended = { ...open, status: 'expired' as const, isOver: true };
  const said = { ...ended, messages: [{ from: a, body: '{"x":1,"y":2}' }] };
  expect(decideOnMessage(said, { from: a, body: '{"y":2,"x":1}' })).toEqual({
    kind: 'repeat',
    message: said.messages[0],
  });
  expect(decideOnMessage(said, { from: a, body: '2' })).toEqual({ kind: 'contradicts' });
  expect(decideOnMessage(said, { from: b, body: '2' })).toEqual({ kind: 'closed' });
});

const participants: Participant[] = [
  { address: 'mer_1', merchantId: 'mer_1' },
  { address: 'ep_1', merchantId: 'mer_1' },
  { address: 'ep_2', merchantId: 'mer_2' },
];

test.each([
  ['mer_1', undefined, 'mer_1'],
  ['mer_1', 'ep_1', 'ep_1'],
  ['mer_1', 'ep_2', undefined],
  ['mer_2', undefined, 'ep_2'],
  ['mer_3', undefined, undefined],
] as const)('%s as %s speaks as %s', (merchantId, as, expected) => {
  expect(speakerAmong(participants, { merchantId, as })?.address).toBe(expected);
});

test('of two endpoints of one merchant neither speaks without being named', () => {
  const two = [1, 2].map((n): Participant => ({ address: `ep_${n}`, merchantId: 'mer_1' }));
  expect(speakerAmong(two, { merchantId: 'mer_1', as: undefined })).toBeUndefined();
});
