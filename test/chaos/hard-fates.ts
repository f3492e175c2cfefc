import { closed, isPaid, maybe, paid, pay, scan, share, think, together, unheard } from './fate.ts';
import type { Draw, Fate } from './fate.ts';
import type { Act } from './life.ts';

type Refusal = { code: string; status?: number };

/**
 * A refusal of every class: declined, of a wrong state, of a wrong account, to be tried again, unknown, and of no
 * documented code at all.
 */
const refusals: Readonly<Record<string, readonly [Refusal, ...Refusal[]]>> = {
  alipay: [
    { code: 'ACQ.BUYER_ERROR' },
    { code: 'ACQ.NOT_ALLOW_PARTIAL_REFUND' },
    { code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' },
    { code: 'ACQ.SYSTEM_ERROR' },
    { code: 'ACQ.NEVER_DOCUMENTED' },
  ],
  'wechat-pay': [
    { code: 'USER_ACCOUNT_ABNORMAL', status: 403 },
    { code: 'INVALID_REQUEST', status: 400 },
    { code: 'NOT_ENOUGH', status: 403 },
    { code: 'FREQUENCY_LIMITED', status: 429 },
    { code: 'NEVER_DOCUMENTED', status: 400 },
  ],
  stripe: [
    { code: 'charge_disputed' },
    { code: 'charge_already_refunded' },
    { code: 'balance_insufficient' },
    { code: 'lock_timeout' },
    { code: 'never_documented' },
  ],
};

const refused = ({ dice, opening }: Draw, call: string): Act => {
  const provider = opening.methods[0]?.split('.')[0] ?? '';
  return { do: 'fault', call, kind: 'refused', ...dice.pick(refusals[provider]!) };
};

const endedAndPaid = (d: Draw): Act[] => [
  { do: 'endHandle' },
  ...maybe(d, think(d)),
  { do: 'payByHandle' },
  isPaid,
];

const copy = ({ dice }: Draw): Act => ({
  do: 'copy',
  follows: dice.pick(['nothing', 'refund', 'dispute'] as const),
});

/** What outsiders found broken, or would have. */
export const hardFates: Readonly<Record<string, Fate>> = {
  refundRefused: {
    weight: 4,
    acts: (d) => [
      ...[pay, isPaid, refused(d, 'refund')],
      { do: 'refund', no: 1, amountMinor: share(d) },
      ...maybe(d, { do: 'refund', no: 2, amountMinor: share(d) }),
    ],
    ends: paid,
  },
  refundsAtProviderInAnyOrder: {
    weight: 4,
    acts: (d) => {
      const late: Act = { do: 'fault', call: 'notify', kind: 'delay', times: 3, delayMs: 1_500 };
      const atPortal: Act = { do: 'portal', verb: 'refund', amountMinor: share(d) };
      const own: Act = { do: 'refund', no: 1, amountMinor: share(d) };
      return [late, pay, ...maybe(d, isPaid), together(atPortal, own), atPortal];
    },
  },
  closedWithMoney: {
    weight: 3,
    // All goes back at the provider, which then calls the trade closed.
    acts: (d) => [
      ...maybe(d, unheard),
      scan,
      pay,
      ...maybe(d, think(d)),
      { do: 'portal', verb: 'refund', amountMinor: d.opening.amountMinor },
      { do: 'resend' },
    ],
    ends: [...paid, 'closed'],
  },
  codeEnded: {
    weight: 3,
    at: ['alipay'],
    opening: () => ({ methods: ['alipay.qr'], expiresInSeconds: 86_400 }),
    acts: endedAndPaid,
    ends: paid,
  },
  addressEnded: {
    weight: 3,
    at: ['wechat-pay'],
    opening: (dice) => ({
      methods: [dice.pick(['wechat-pay.native', 'wechat-pay.h5'])],
      expiresInSeconds: 86_400,
    }),
    acts: endedAndPaid,
    ends: paid,
  },
  handleEndedAndClosed: {
    weight: 2,
    acts: () => [scan, { do: 'endHandle' }, { do: 'cancel' }, closed],
    ends: ['closed'],
  },
  copied: {
    weight: 3,
    at: ['stripe'],
    acts: (d) => [copy(d), ...maybe(d, think(d)), pay, isPaid],
    ends: paid,
  },
  copiedWhenPaid: {
    weight: 2,
    at: ['stripe'],
    acts: (d) => [
      ...[pay, isPaid, copy(d)],
      ...maybe(d, { do: 'refund', no: 1, amountMinor: share(d) }),
    ],
    ends: paid,
  },
  inquiredAbout: {
    weight: 4,
    at: ['stripe'],
    acts: (d) => [
      ...[pay, isPaid, { do: 'inquire' } as const],
      ...maybe(d, { do: 'refund', no: 1, amountMinor: share(d) }),
      ...maybe(d, think(d)),
      { do: 'move', to: d.dice.pick(['inquiryClosed', 'open']) },
      ...maybe(d, { do: 'move', to: d.dice.pick(['won', 'lost']) }),
    ],
    ends: paid,
  },
  wonLate: {
    weight: 4,
    at: ['stripe'],
    acts: (d) => [
      ...[pay, isPaid, { do: 'portal', verb: 'dispute' } as const],
      ...maybe(d, unheard),
      { do: 'move', to: 'lost' },
      ...maybe(d, think(d)),
      { do: 'move', to: 'won' },
    ],
    ends: paid,
  },
};
