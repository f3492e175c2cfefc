import { createDice } from './dice.ts';
import type { Dice } from './dice.ts';
import { fates } from './fates.ts';
import type { Fate } from './fate.ts';
import type { Life, Opening } from './life.ts';

export type ProviderName = 'alipay' | 'wechat-pay' | 'stripe';

const methods: Readonly<Record<ProviderName, readonly [string, string, ...string[]]>> = {
  alipay: ['alipay.qr', 'alipay.page', 'alipay.wap'],
  'wechat-pay': ['wechat-pay.native', 'wechat-pay.jsapi', 'wechat-pay.h5'],
  stripe: ['stripe.payment_intent', 'stripe.checkout'],
};

/** Everything that chance decides about the orders, before anything starts. */
export function drawLives(input: {
  seed: number;
  orders: number;
  providers: readonly [ProviderName, ...ProviderName[]];
  spreadMs: number;
}): Life[] {
  const { orders, spreadMs } = input;
  const dice = createDice(input.seed);
  return Array.from({ length: orders }, (_, number) => {
    // Every life has dice of its own: a fate that is drawn otherwise leaves the others as they were.
    const own = createDice(dice.seed());
    const provider = own.pick(input.providers);
    const [fate, rules] = drawFate(own, provider);
    // What expires takes a minute: those are opened first.
    const latestMs = fate === 'expires' ? spreadMs / 4 : spreadMs;
    const atMs = own.int(0, Math.floor(latestMs));
    return { number, fate, atMs, ...drawLife(own, rules, input.providers, provider) };
  });
}

function drawFate(dice: Dice, provider: ProviderName): [string, Fate] {
  const fitting = Object.entries(fates).filter(([, { at }]) => !at || at.includes(provider));
  const total = fitting.reduce((sum, [, { weight }]) => sum + weight, 0);
  let lot = dice.int(1, total);
  const drawn = fitting.find(([, { weight }]) => (lot -= weight) <= 0);
  if (!drawn) throw new Error('no fate was drawn');
  return drawn;
}

function drawLife(
  dice: Dice,
  fate: Fate,
  providers: readonly ProviderName[],
  provider: ProviderName,
): Pick<Life, 'opening' | 'repeat' | 'acts' | 'ends'> {
  const isStripe = provider === 'stripe';
  const requested = fate.opening?.(dice) ?? {};
  const method = dice.chance(0.7) ? methods[provider][0] : dice.pick(methods[provider]);
  const canHold = requested.capture === 'manual';
  const elsewhere = providers.filter(
    (name) => name !== provider && (!canHold || name === 'stripe'),
  );
  const all = [provider, ...elsewhere].flatMap((name) => methods[name]);
  const [first = method, ...rest] = all.filter((name) => name !== method);
  const opening: Opening = {
    // Where the first way fails for sure, the next is taken.
    methods: dice.chance(0.3) ? [method, first, ...rest] : [method],
    amountMinor: drawAmount(dice),
    // An order that may be switched to another provider is in the currency all of them take.
    currency: isStripe && providers.length === 1 ? dice.pick(['CNY', 'USD', 'JPY', 'EUR']) : 'CNY',
    capture: 'automatic',
    latePayment: dice.pick(['refund', 'accept']),
    expiresInSeconds: 900,
    ...requested,
  };
  const acts = fate.acts({ dice, opening, others: [first, ...rest] });
  const repeat = dice.chance(0.2) ? dice.pick(['later', 'atOnce', 'otherBody'] as const) : 'none';
  return { opening, repeat, acts, ...(fate.ends && { ends: fate.ends }) };
}

/** Mostly everyday amounts; some at the edges of what every provider takes. */
function drawAmount(dice: Dice): number {
  return dice.chance(0.05) ? dice.pick([1, 2, 99_999_000]) : dice.int(100, 200_000);
}

const unsigned = new Set(['unsigned', 'badSignature']);

/** What goes wrong at a provider, with rates that leave most calls fine. */
export function drawFaults(seed: number, provider: ProviderName): object[] {
  const dice = createDice(seed);
  const kinds: readonly [string, number, number?][] = [
    ['timeoutBefore', 0.015, 300],
    ['executedThenTimeout', 0.025, 300],
    ['http500', 0.015],
    ['rateLimited', 0.01],
    ['systemError', 0.015],
    ['malformed', 0.01],
    ['unsigned', 0.005],
    ['badSignature', 0.005],
    ['delay', 0.02, 800],
  ];
  const news: readonly [string, number, number?][] = [
    ['lost', 0.06],
    ['duplicate', 0.08],
    ['delay', 0.06, 2_000],
    ['reordered', 0.04, 2_000],
    ['forged', 0.03],
    ['replayed', 0.03, 500],
  ];
  const armed = (
    call: string,
    [kind, probability, delayMs]: readonly [string, number, number?],
  ) => ({
    call,
    kind,
    probability,
    seed: dice.seed(),
    ...(delayMs !== undefined && { delayMs }),
  });
  const calls = ['create', 'query', 'capture', 'close', 'cancel', 'refund', 'queryRefund'];
  return [
    ...calls.flatMap((call) =>
      kinds
        .filter(([kind]) => provider !== 'stripe' || !unsigned.has(kind))
        .map((kind) => armed(call, kind)),
    ),
    ...news.map((kind) => armed('notify', kind)),
  ];
}

/** When which of the processes is killed. */
export function drawKills(input: { seed: number; kills: number; spreadMs: number }) {
  const dice = createDice(input.seed);
  return [0, 1, 2]
    .flatMap((victim) => Array.from({ length: input.kills }, () => victim))
    .map((victim) => ({ victim, atMs: dice.int(80, 950) * (input.spreadMs / 1_000) }))
    .toSorted((a, b) => a.atMs - b.atMs);
}
