import type { Dice } from './dice.ts';
import type { Act, Opening } from './life.ts';

export type Draw = {
  dice: Dice;
  opening: Opening;
  /** Other methods the order could be paid by. */
  others: readonly [string, ...string[]];
};

export type Fate = {
  weight: number;
  /** Where the provider has what it needs; everywhere when left out. */
  at?: readonly ('alipay' | 'wechat-pay' | 'stripe')[];
  opening?: (dice: Dice) => Partial<Opening>;
  acts: (draw: Draw) => Act[];
  ends?: readonly string[];
};

export const paid = ['paid', 'partially_refunded', 'refunded'] as const;
export const scan = { do: 'scan' } as const;
export const pay = { do: 'pay' } as const;
export const cancel = { do: 'cancel' } as const;
export const isPaid: Act = { do: 'await', statuses: paid };
export const isEnded: Act = { do: 'await', statuses: [...paid, 'closed', 'failed'] };
export const isHeld: Act = { do: 'await', statuses: ['authorized', ...paid] };
export const think = ({ dice }: Draw, mostMs = 1_500): Act => ({
  do: 'think',
  ms: dice.int(0, mostMs),
});
export const maybe = ({ dice }: Draw, act: Act): Act[] => (dice.chance(0.5) ? [act] : []);
export const together = (...acts: Act[]): Act => ({ do: 'together', acts });
export const unheard: Act = { do: 'fault', call: 'notify', kind: 'lostForever', times: 40 };
export const part = ({ dice, opening }: Draw) => dice.int(1, Math.max(1, opening.amountMinor - 1));
export const lateMoney: Act = { do: 'pay', force: true };
export const closed: Act = { do: 'await', statuses: ['closed', ...paid] };

export function share({ dice, opening }: Draw): number {
  return dice.int(1, Math.max(1, Math.floor(opening.amountMinor / 3)));
}
