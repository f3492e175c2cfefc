import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { OrderId, PaymentId, RefundId } from '../../domain/ids.ts';
import type { DifferenceKind } from '../../domain/reconciliation.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { mulberry32 } from '../../simulators/kit/random.ts';

export type PlannedPayment = { status: 'succeeded' | 'pending' | 'closed'; capturedMinor: number };
export type PlannedRefund = {
  id: RefundId;
  refundNo: string;
  status: 'succeeded' | 'pending';
  amountMinor: number;
};

/** One order of the day, as our books and as the provider's are to have it. */
export type PlannedOrder = {
  orderId: OrderId;
  paymentId: PaymentId;
  outTradeNo: string;
  atMs: number;
  ours: {
    amountMinor: number;
    currency: string;
    payment: PlannedPayment;
    refund: PlannedRefund | null;
    /** How far the ledger is off. */
    ledgerOffMinor: number;
  } | null;
  theirs: {
    amountMinor: number;
    currency: string;
    atMs: number;
    refund: { refundNo: string; amountMinor: number } | null;
    /** The money moved twice under one number. */
    isDouble: boolean;
  } | null;
  expected: Expected | null;
};

export type Expected = {
  kind: DifferenceKind;
  about: 'payment' | 'refund';
  number: string;
  status: 'open' | 'healed';
};

/** What was done to an order's two sides. */
export const plants = [
  'lost_notification',
  'late_payment',
  'lost_refund_result',
  'refund_at_provider',
  'stranger',
  'payment_not_there',
  'refund_not_there',
  'other_amount',
  'other_refund_amount',
  'other_currency',
  'double_line',
  'ledger_off',
] as const;
export type Plant = (typeof plants)[number];

const dayMs = 86_400_000;

/** Draws a day of orders, some of them with a difference, the same ones for the same seed. */
export function planDay(input: {
  provider: ProviderName;
  fromMs: number;
  orders: number;
  differences: number;
  seed: number;
}): PlannedOrder[] {
  const { provider, fromMs } = input;
  const random = mulberry32(input.seed);
  const fitting = plants.filter((plant) => plant !== 'double_line' || provider === 'stripe');
  const currency = provider === 'stripe' ? 'USD' : 'CNY';
  return Array.from({ length: input.orders }, (_, number) => {
    const plant = number < input.differences ? fitting[number % fitting.length] : undefined;
    const drawn = {
      random,
      currency,
      amountMinor: 100 + Math.floor(random() * 100_000),
      hasRefund: random() < 0.2,
      // Seconds, as providers write them; kept off midnight, which is a case of its own.
      atMs: fromMs + 7_200_000 + Math.floor(random() * 72_000) * 1_000,
    };
    if (plant) return planted(plant, drawn);
    const border = borders[number - input.differences];
    return border ? atMidnight(agreeing(drawn), fromMs, border) : agreeing(drawn);
  });
}

/** No differences: the two sides put what happened at midnight on two days. */
const borders = ['ours_before', 'theirs_before', 'ours_after', 'theirs_after'] as const;

function atMidnight(
  order: PlannedOrder,
  fromMs: number,
  border: (typeof borders)[number],
): PlannedOrder {
  const midnightMs =
    border === 'ours_before' || border === 'theirs_before' ? fromMs : fromMs + dayMs;
  const isOursFirst = border === 'ours_before' || border === 'ours_after';
  const [firstMs, secondMs] = [midnightMs - 1_000, midnightMs + 1_000];
  const { theirs } = order;
  return {
    ...order,
    atMs: isOursFirst ? firstMs : secondMs,
    theirs: theirs && { ...theirs, atMs: isOursFirst ? secondMs : firstMs },
  };
}

type Drawn = {
  random: () => number;
  currency: string;
  amountMinor: number;
  hasRefund: boolean;
  atMs: number;
};

type Both = PlannedOrder & {
  ours: NonNullable<PlannedOrder['ours']>;
  theirs: NonNullable<PlannedOrder['theirs']>;
};

/** An order on which both sides agree. */
function agreeing({ amountMinor, currency, hasRefund, atMs }: Drawn): Both {
  const paymentId = newId('payment');
  const refundId = newId('refund');
  const refund: PlannedRefund = {
    id: refundId,
    refundNo: outTradeNoOf(refundId),
    status: 'succeeded',
    amountMinor: Math.ceil(amountMinor / 3),
  };
  const { refundNo } = refund;
  return {
    orderId: newId('order'),
    paymentId,
    outTradeNo: outTradeNoOf(paymentId),
    atMs,
    ours: {
      amountMinor,
      currency,
      payment: { status: 'succeeded', capturedMinor: amountMinor },
      refund: hasRefund ? refund : null,
      ledgerOffMinor: 0,
    },
    theirs: {
      amountMinor,
      currency,
      atMs,
      refund: hasRefund ? { refundNo, amountMinor: refund.amountMinor } : null,
      isDouble: false,
    },
    expected: null,
  };
}

const refundPlants: ReadonlySet<Plant> = new Set([
  'lost_refund_result',
  'refund_at_provider',
  'refund_not_there',
  'other_refund_amount',
] as const);

/** The same order, with its two sides set against each other. */
export function planted(plant: Plant, drawn: Drawn): PlannedOrder {
  const order = agreeing({ ...drawn, hasRefund: refundPlants.has(plant) });
  const { ours, theirs, outTradeNo } = order;
  const { refund } = ours;
  const expect = (
    kind: DifferenceKind,
    about: Expected['about'],
    status: Expected['status'] = 'open',
  ): Expected => ({
    kind,
    about,
    status,
    number: about === 'refund' ? (theirs.refund?.refundNo ?? '') : outTradeNo,
  });
  switch (plant) {
    case 'lost_notification':
    case 'late_payment': {
      const status = plant === 'late_payment' ? ('closed' as const) : ('pending' as const);
      return {
        ...order,
        ours: { ...ours, payment: { status, capturedMinor: 0 } },
        expected: expect('missing_here_payment', 'payment', 'healed'),
      };
    }
    case 'lost_refund_result':
      return {
        ...order,
        ours: { ...ours, refund: refund && { ...refund, status: 'pending' } },
        expected: expect('pending_refund_settled', 'refund', 'healed'),
      };
    case 'refund_at_provider':
      return {
        ...order,
        ours: { ...ours, refund: null },
        expected: expect('missing_here_refund', 'refund', 'healed'),
      };
    case 'stranger':
      return { ...order, ours: null, expected: expect('unknown_trade', 'payment') };
    case 'payment_not_there':
      return { ...order, theirs: null, expected: expect('missing_there_payment', 'payment') };
    case 'refund_not_there':
      return {
        ...order,
        theirs: { ...theirs, refund: null },
        expected: expect('missing_there_refund', 'refund'),
      };
    case 'other_amount':
      return {
        ...order,
        theirs: { ...theirs, amountMinor: theirs.amountMinor + 1 },
        expected: expect('amount_mismatch', 'payment'),
      };
    case 'other_refund_amount':
      return {
        ...order,
        theirs: { ...theirs, refund: theirs.refund && { ...theirs.refund, amountMinor: 7 } },
        expected: expect('amount_mismatch', 'refund'),
      };
    case 'other_currency':
      return {
        ...order,
        ours: { ...ours, currency: 'HKD' },
        expected: expect('currency_mismatch', 'payment'),
      };
    case 'double_line':
      return {
        ...order,
        theirs: { ...theirs, isDouble: true },
        expected: expect('duplicate_line', 'payment'),
      };
    case 'ledger_off':
      return {
        ...order,
        ours: { ...ours, ledgerOffMinor: 7 },
        expected: expect('ledger_mismatch', 'payment'),
      };
  }
}
