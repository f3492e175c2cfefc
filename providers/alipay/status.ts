import { fromDecimal } from '../../domain/money.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { fromAlipayTime } from './time.ts';

/** The only currency of our Alipay methods; amounts are yuan with two decimals. */
export const alipayCurrency = { code: 'CNY', exponent: 2 } as const;

export type TradeStatusMeaning = 'pending' | 'paid' | 'closed' | 'unknown';

/** Maps Alipay's trade statuses. TRADE_CLOSED is an unpaid close or a full refund; other fields tell which. */
export function meaningOfTradeStatus(tradeStatus: string): TradeStatusMeaning {
  switch (tradeStatus) {
    case 'WAIT_BUYER_PAY':
      return 'pending';
    case 'TRADE_SUCCESS':
    case 'TRADE_FINISHED':
      return 'paid';
    case 'TRADE_CLOSED':
      return 'closed';
    default:
      return 'unknown';
  }
}

export type TradeData = {
  tradeStatus: string;
  tradeNo: string | undefined;
  totalAmount: string | undefined;
  paidAt: string | undefined;
  /** Amounts that only a paid trade has: paid by the buyer, received by the seller, refunded. */
  moved: readonly (string | undefined)[];
};

/** The report of a query or notification; undefined if it reports a payment without its amount or trade number. */
export function reportOfTrade(data: TradeData): ProviderReport | undefined {
  const meaning = meaningOfTradeStatus(data.tradeStatus);
  switch (meaning) {
    case 'pending':
      return { status: meaning };
    case 'closed': {
      if (!hasMoved(data)) return { status: meaning };
      const paid = reportOfPaidTrade(data);
      return paid && { ...paid, isGivenBack: true };
    }
    case 'unknown':
      return { status: 'unknown', providerStatus: data.tradeStatus };
    case 'paid':
      return reportOfPaidTrade(data);
  }
}

/** Unpaid trades have zeros such as `0.00`. */
function hasMoved({ paidAt, moved }: TradeData): boolean {
  return Boolean(paidAt) || moved.some((amount) => /[1-9]/.test(amount ?? ''));
}

function reportOfPaidTrade({
  tradeNo,
  totalAmount,
  paidAt,
}: TradeData): Extract<ProviderReport, { status: 'succeeded' }> | undefined {
  const paidMinor = fromDecimal(totalAmount ?? '', alipayCurrency.exponent);
  if (paidMinor === undefined || !tradeNo) return undefined;
  const paidAtIso = fromAlipayTime(paidAt ?? '');
  return {
    status: 'succeeded',
    paidMinor,
    currency: alipayCurrency.code,
    providerTradeNo: tradeNo,
    ...(paidAtIso && { paidAt: paidAtIso }),
  };
}
