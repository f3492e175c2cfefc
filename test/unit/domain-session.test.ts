import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { speakerAmong } from '../../domain/participant.ts';
import type { Address, Participant } from '../../domain/participant.ts';
import { decideOnSaying, transcriptOf } from '../../domain/session.ts';
import type { Saying, SessionState } from '../../domain/session.ts';

const [a, b] = ['mer_a', 'ep_b'] as const;
const open: SessionState<Saying> = {
  status: 'open',
  participants: [a, b],
  sayings: [],
  isOver: false,
};

/** What recording comes to, as the database does it. */
function apply(session: SessionState<Saying>, saying: Saying): SessionState<Saying> {
  const decision = decideOnSaying(session, saying);
  if (decision.kind !== 'record') return session;
  const sayings = [...session.sayings, saying];
  return { ...session, sayings, status: decision.isLast ? 'complete' : 'open' };
}

const saying = fc.record({
  from: fc.constantFrom<Address>(a, b),
  body: fc.jsonValue().map((value) => JSON.stringify(value)),
});

test('in whatever order repeats and contradictions come, both sides have the same transcript of first words', () => {
  fc.assert(
    fc.property(
      fc.array(saying, { maxLength: 20 }).chain((said) =>
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
        const of = (side: Address, all: readonly Saying[]) =>
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
    fc.property(fc.array(saying), fc.constantFrom('expired', 'open'), (said, status) => {
      const over: SessionState<Saying> = { ...open, status, isOver: true };
      expect(said.reduce(apply, over)).toEqual(over);
    }),
  );
});

test('a repeat after the end is answered with what was recorded, another word refused', () => {
  const ended = { ...open, status: 'expired' as const, isOver: true };
  const said = { ...ended, sayings: [{ from: a, body: '{"x":1,"y":2}' }] };
  expect(decideOnSaying(said, { from: a, body: '{"y":2,"x":1}' })).toEqual({
    kind: 'repeat',
    saying: said.sayings[0],
  });
  expect(decideOnSaying(said, { from: a, body: '2' })).toEqual({ kind: 'contradicts' });
  expect(decideOnSaying(said, { from: b, body: '2' })).toEqual({ kind: 'closed' });
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
