import { cardFates } from './card-fates.ts';
import { hardFates } from './hard-fates.ts';
import {
  paid,
  scan,
  pay,
  cancel,
  isPaid,
  isEnded,
  think,
  maybe,
  together,
  unheard,
  part,
  lateMoney,
  closed,
  share,
} from './fate.ts';
import type { Draw, Fate } from './fate.ts';
import type { Act } from './life.ts';

/** What can become of an order, each with how often. */
export const fates: Readonly<Record<string, Fate>> = {
  paid: { weight: 14, acts: (d) => [think(d), ...maybe(d, scan), pay, isPaid], ends: paid },
  paidUnheard: { weight: 3, acts: () => [scan, unheard, pay, isPaid], ends: paid },
  cancelled: { weight: 6, acts: (d) => [think(d), ...maybe(d, scan), cancel], ends: ['closed'] },
  contested: { weight: 7, acts: (d) => [think(d), scan, together(pay, cancel), isEnded] },
  expires: {
    weight: 2,
    opening: () => ({ expiresInSeconds: 60 }),
    acts: (d) => maybe(d, scan),
    ends: ['closed'],
  },
  late: {
    weight: 5,
    opening: () => ({ latePayment: 'refund' }),
    acts: (d) => [scan, cancel, closed, think(d), lateMoney],
    ends: ['closed'],
  },
  lateAccepted: {
    weight: 3,
    opening: () => ({ latePayment: 'accept' }),
    acts: (d) => [scan, cancel, closed, think(d), lateMoney],
    ends: paid,
  },
  lateUnheard: {
    weight: 2,
    acts: () => [scan, unheard, cancel, closed, lateMoney],
    ends: ['closed', ...paid],
  },
  refunded: { weight: 4, acts: () => [pay, isPaid, { do: 'refund', no: 1 }], ends: ['refunded'] },
  refundedInParts: {
    weight: 7,
    acts: (d) => [
      ...[pay, isPaid],
      together(
        ...Array.from({ length: d.dice.int(2, 5) }, (_, no): Act => {
          return { do: 'refund', no, amountMinor: d.dice.chance(0.3) ? part(d) : share(d) };
        }),
      ),
    ],
    ends: paid,
  },
  refundRepeated: {
    weight: 3,
    acts: (d) => {
      const refund: Act = { do: 'refund', no: 1, amountMinor: share(d) };
      const other: Act = { ...refund, amountMinor: share(d) + 1 };
      return [pay, isPaid, together(refund, refund), refund, other];
    },
    ends: paid,
  },
  refundAtPortal: {
    weight: 4,
    acts: (d) => [
      ...[pay, isPaid],
      { do: 'portal', verb: 'refund', amountMinor: share(d) },
      ...maybe(d, { do: 'refund', no: 1, amountMinor: share(d) }),
    ],
    ends: paid,
  },
  refundContested: {
    weight: 2,
    acts: (d) => [
      ...[pay, isPaid],
      together(
        { do: 'portal', verb: 'refund', amountMinor: part(d) },
        { do: 'refund', no: 1, amountMinor: part(d) },
      ),
    ],
  },
  portalUnheard: {
    weight: 1,
    acts: (d) => [pay, isPaid, unheard, { do: 'portal', verb: 'refund', amountMinor: share(d) }],
    ends: paid,
  },
  bounced: {
    weight: 4,
    at: ['wechat-pay', 'stripe'],
    acts: (d) => [
      ...[pay, isPaid],
      { do: 'fault', call: 'refund', kind: 'bounce', times: 1, delayMs: d.dice.int(0, 1_000) },
      { do: 'refund', no: 1, amountMinor: share(d) },
      { do: 'awaitRefund', statuses: ['needs_attention', 'failed'] },
      { do: 'refund', no: 2 },
    ],
    ends: ['refunded'],
  },
  reviewAccepted: { weight: 2, acts: review('accept'), ends: paid },
  reviewRefunded: { weight: 2, acts: review('refund'), ends: ['closed'] },
  reviewCloseRefused: { weight: 1, acts: review('close', 'refund'), ends: ['closed'] },
  contradicted: {
    weight: 3,
    acts: (d) => [
      scan,
      {
        do: 'fault',
        call: 'notify',
        kind: d.dice.pick(['wrongAmount', 'wrongApp', 'wrongSeller']),
      },
      ...[pay, isPaid],
    ],
    ends: paid,
  },
  closedAtProvider: {
    weight: 3,
    acts: () => [scan, { do: 'portal', verb: 'close' }, isEnded],
    ends: ['closed'],
  },
  forgedOnly: { weight: 2, acts: () => [scan, { do: 'forge' }, cancel], ends: ['closed'] },
  forgedAndPaid: {
    weight: 2,
    acts: () => [scan, together({ do: 'forge' }, pay), isPaid],
    ends: paid,
  },
  toldAgain: {
    weight: 2,
    acts: (d) => [
      { do: 'fault', call: 'notify', kind: d.dice.pick(['duplicate', 'replayed', 'reordered']) },
      ...[pay, isPaid, { do: 'resend' } as const],
    ],
    ends: paid,
  },
  confirmed: {
    weight: 3,
    opening: () => ({ confirm: 'accept' }),
    acts: () => [pay, isPaid],
    ends: paid,
  },
  rejected: {
    weight: 3,
    opening: () => ({ confirm: 'reject' }),
    acts: () => [pay, isPaid],
    ends: ['refunded'],
  },
  unanswered: {
    weight: 1,
    opening: () => ({ confirm: 'silent' }),
    acts: () => [pay, isPaid],
    ends: ['refunded'],
  },
  switched: {
    weight: 4,
    acts: (d) => [...maybe(d, scan), { do: 'switch', method: d.dice.pick(d.others) }, pay, isPaid],
    ends: paid,
  },
  switchedAndPaidTwice: {
    weight: 4,
    acts: (d) => {
      const old: Act = { do: 'pay', attempt: 'first', force: true };
      const both = d.dice.chance(0.5) ? [together(pay, old)] : [pay, isPaid, old];
      return [scan, { do: 'switch', method: d.dice.pick(d.others) }, ...both];
    },
    ends: paid,
  },
  switchContested: {
    weight: 2,
    acts: (d) => [
      scan,
      together(pay, { do: 'switch', method: d.dice.pick(d.others) }),
      pay,
      isPaid,
    ],
    ends: paid,
  },
  ...hardFates,
  ...cardFates,
  anything: { weight: 14, acts: (d) => [...anything(d), isEnded] },
};

/** Another amount is paid than was asked for; a person decides, the last time for good. */
function review(...verbs: ('accept' | 'refund' | 'close')[]): Fate['acts'] {
  return (d) => [
    { do: 'pay', paidMinor: d.opening.amountMinor + d.dice.int(1, 50) },
    { do: 'await', statuses: ['review'] },
    ...verbs.map((verb): Act => ({ do: 'resolve', verb })),
  ];
}

/** Whatever comes to mind, some of it at the same time. What is never allowed has to be refused. */
function anything(draw: Draw): Act[] {
  const { dice, others } = draw;
  const one = (): Act => {
    const acts: readonly [Act, ...Act[]] = [
      pay,
      { do: 'pay', force: true },
      { do: 'pay', attempt: 'first', force: true },
      cancel,
      { do: 'switch', method: dice.pick(others) },
      { do: 'refund', no: dice.int(1, 3), amountMinor: part(draw) },
      { do: 'refund', no: dice.int(4, 6) },
      { do: 'portal', verb: 'refund', amountMinor: part(draw) },
      { do: 'portal', verb: 'close' },
      { do: 'portal', verb: 'dispute' },
      { do: 'capture' },
      { do: 'resolve', verb: dice.pick(['accept', 'refund', 'close', 'dismiss']) },
      { do: 'inquire' },
      { do: 'move', to: dice.pick(['inquiryClosed', 'open', 'won', 'lost']) },
      { do: 'copy', follows: dice.pick(['nothing', 'refund', 'dispute']) },
      { do: 'endHandle' },
      { do: 'resend' },
      { do: 'forge' },
      think(draw, 800),
    ];
    return dice.pick(acts);
  };
  const walk = Array.from({ length: dice.int(2, 5) }, () =>
    dice.chance(0.35) ? together(one(), one()) : one(),
  );
  return [scan, ...walk, cancel];
}
