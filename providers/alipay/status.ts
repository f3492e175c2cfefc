import { fromDecimal } from '../../domain/money.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { fromAlipayTime } from './time.ts';

/** The only currency our Alipay methods take; amounts are yuan with two decimals. */
export const alipayCurrency = { code: 'CNY', exponent: 2 } as const;

export type TradeStatusMeaning = 'pending' | 'paid' | 'closed' | 'unknown';

/** Their words to ours. TRADE_CLOSED is an unpaid close or a full refund: signs of money tell them apart. */
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

export type TradeWords = {
  tradeStatus: string;
  tradeNo: string | undefined;
  totalAmount: string | undefined;
  paidAt: string | undefined;
  /** Amounts that only a trade that was paid has: what the buyer paid, what the seller got, what went back. */
  moved: readonly (string | undefined)[];
};

/** The report in a query's or a notification's words; undefined when it says paid but not what or how much. */
export function reportOfTrade(words: TradeWords): ProviderReport | undefined {
  const meaning = meaningOfTradeStatus(words.tradeStatus);
  switch (meaning) {
    case 'pending':
      return { status: meaning };
    case 'closed': {
      if (!hasMoved(words)) return { status: meaning };
      const paid = reportOfPaidTrade(words);
      return paid && { ...paid, isGivenBack: true };
    }
    case 'unknown':
      return { status: 'unknown', providerStatus: words.tradeStatus };
    case 'paid':
      return reportOfPaidTrade(words);
  }
}

/** Zeros, as `0.00`, are written for trades that nobody paid. */
function hasMoved({ paidAt, moved }: TradeWords): boolean {
  return Boolean(paidAt) || moved.some((amount) => /[1-9]/.test(amount ?? ''));
}

function reportOfPaidTrade({
  tradeNo,
  totalAmount,
  paidAt,
}: TradeWords): Extract<ProviderReport, { status: 'succeeded' }> | undefined {
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
