import {
  paid,
  scan,
  pay,
  cancel,
  maybe,
  isPaid,
  isEnded,
  isHeld,
  together,
  part,
  lateMoney,
  closed,
  share,
} from './fate.ts';
import type { Fate } from './fate.ts';

/** What only happens where money can be held, or taken back by the payer's bank. */
export const cardFates: Readonly<Record<string, Fate>> = {
  captured: {
    weight: 4,
    at: ['stripe'],
    opening: () => ({ capture: 'manual' }),
    acts: (d) => [
      pay,
      isHeld,
      { do: 'capture', ...(d.dice.chance(0.5) && { amountMinor: part(d) }) },
    ],
    ends: paid,
  },
  voided: {
    weight: 3,
    at: ['stripe'],
    opening: () => ({ capture: 'manual' }),
    acts: () => [pay, isHeld, cancel],
    ends: ['closed'],
  },
  captureContested: {
    weight: 3,
    at: ['stripe'],
    opening: () => ({ capture: 'manual' }),
    acts: () => [pay, isHeld, together({ do: 'capture' }, cancel, { do: 'capture' }), isEnded],
  },
  heldLate: {
    weight: 2,
    at: ['stripe'],
    opening: () => ({ capture: 'manual' }),
    acts: () => [scan, cancel, closed, lateMoney],
    ends: ['closed'],
  },
  heldAndConfirmed: {
    weight: 3,
    at: ['stripe'],
    opening: (dice) => ({ capture: 'manual', confirm: dice.pick(['accept', 'reject']) }),
    acts: () => [pay, isEnded],
  },
  disputed: {
    weight: 4,
    at: ['stripe'],
    acts: (d) => [
      ...[pay, isPaid, { do: 'portal', verb: 'dispute' } as const],
      ...maybe(d, { do: 'refund', no: 1, amountMinor: share(d) }),
      ...maybe(d, { do: 'decide', won: d.dice.chance(0.5) }),
    ],
    ends: paid,
  },
};
