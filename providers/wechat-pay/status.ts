import { z } from 'zod';
import type { ProviderReport } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { fromWechatTime } from './time.ts';

/** The only currency of our methods; amounts are integer fen. */
export const wechatPayCurrency = { code: 'CNY', exponent: 2 } as const;

export type TradeStateMeaning = 'pending' | 'paid' | 'closed' | 'unknown';

/** Maps WeChat's trade states. REFUND means that a refund of any amount exists, so the payment was paid. */
export function meaningOfTradeState(tradeState: string): TradeStateMeaning {
  switch (tradeState) {
    case 'SUCCESS':
    case 'REFUND':
      return 'paid';
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
    // This attempt failed; the order can still be paid.
    case 'PAYERROR':
      return 'pending';
    case 'CLOSED':
    case 'REVOKED':
      return 'closed';
    default:
      return 'unknown';
  }
}

const fen = z.int().nonnegative();
const currency = z.string().default(wechatPayCurrency.code);

/** A transaction in queries and notifications. `total` is the order's amount; a coupon lowers `payer_total` only. */
export const transactionSchema = z.object({
  appid: z.string(),
  mchid: z.string(),
  out_trade_no: z.string(),
  trade_state: z.string(),
  transaction_id: z.string().optional(),
  success_time: z.string().optional(),
  amount: z.object({ total: fen.optional(), currency }).optional(),
});

export type Transaction = z.infer<typeof transactionSchema>;

/** Undefined if it reports a payment without its amount or transaction. */
export function reportOfTransaction(transaction: Transaction): ProviderReport | undefined {
  const meaning = meaningOfTradeState(transaction.trade_state);
  switch (meaning) {
    case 'pending':
      return { status: meaning };
    case 'closed': {
      // Only a paid transaction has a success time; this one was reversed since.
      if (!transaction.success_time) return { status: meaning };
      const paid = reportOfPaid(transaction);
      return paid && { ...paid, isGivenBack: true };
    }
    case 'unknown':
      return { status: 'unknown', providerStatus: transaction.trade_state };
    case 'paid':
      return reportOfPaid(transaction);
  }
}

function reportOfPaid(
  transaction: Transaction,
): Extract<ProviderReport, { status: 'succeeded' }> | undefined {
  const { transaction_id: providerTradeNo, amount, success_time = '' } = transaction;
  if (!providerTradeNo || amount?.total === undefined) return undefined;
  const paidAt = fromWechatTime(success_time);
  return {
    status: 'succeeded',
    paidMinor: amount.total,
    currency: amount.currency,
    providerTradeNo,
    ...(paidAt && { paidAt }),
  };
}

/** A refund in the answers of its creation and query. */
export const refundSchema = z.object({
  refund_id: z.string(),
  out_refund_no: z.string(),
  out_trade_no: z.string(),
  status: z.string(),
  success_time: z.string().optional(),
  amount: z.object({ refund: fen, currency }),
});

export type WechatRefund = z.infer<typeof refundSchema>;

/** ABNORMAL was accepted and returned, as from a cancelled card: a person must act in the portal. */
export function reportOfRefund(refund: WechatRefund): RefundReport {
  const { status, refund_id: providerRefundNo, amount } = refund;
  switch (status) {
    case 'SUCCESS': {
      const refundedAt = fromWechatTime(refund.success_time ?? '');
      return {
        status: 'succeeded',
        refundedMinor: amount.refund,
        currency: amount.currency,
        providerRefundNo,
        ...(refundedAt && { refundedAt }),
      };
    }
    case 'PROCESSING':
      return { status: 'pending' };
    case 'ABNORMAL':
      return { status: 'needs_attention', code: status, providerRefundNo };
    case 'CLOSED':
      return { status: 'failed', code: status, providerRefundNo };
    default:
      return { status: 'unknown', providerStatus: status };
  }
}
