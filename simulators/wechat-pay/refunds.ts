import { z } from 'zod';
import { findRefund } from '../kit/book.ts';
import type { Payment, Refund } from '../kit/book.ts';
import type { FaultScript } from '../kit/faults.ts';
import type { Platform } from '../kit/platform.ts';
import { findMerchant } from './account.ts';
import type { Merchant } from './account.ts';
import { failure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { describeRefund } from './describe.ts';
import { newRefundId } from './dialect.ts';
import { canonical } from './orders.ts';

const maxRefundsPerOrder = 50;
/** Even an instant refund is PROCESSING in the response to its request. */
const settleAfterMs = 5;

const refundSchema = z.object({
  out_trade_no: z.string(),
  out_refund_no: z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/),
  reason: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= 80)
    .optional(),
  notify_url: z.url().max(256).optional(),
  amount: z.object({
    refund: z.int().positive(),
    total: z.int().positive(),
    currency: z.literal('CNY'),
  }),
});

export type RefundService = {
  create(merchant: Merchant, body: unknown): Answer;
  query(merchant: Merchant, refundNo: string): Answer;
  /** Resumes refunds that were not settled before a restart. */
  resume(): void;
  stop(): void;
};

export function createRefundService(platform: Platform, faults: FaultScript): RefundService {
  const { book } = platform;
  const timers = new Set<NodeJS.Timeout>();

  function after(delayMs: number, decide: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      decide();
    }, delayMs);
    timers.add(timer);
  }

  /** Settles a refund if it is still pending then; the console may have decided it. */
  function settleSoon(payment: Payment, refund: Refund): void {
    after(settleAfterMs, () => platform.settleRefund(payment, refund));
  }

  return {
    create(merchant, body) {
      const parsed = refundSchema.safeParse(body);
      if (!parsed.success) return failure('PARAM_ERROR', z.prettifyError(parsed.error));
      const { out_trade_no: outTradeNo, out_refund_no: refundNo, amount } = parsed.data;
      const { notify_url: notifyUrl } = parsed.data;
      const key = { account: merchant.mchId, outTradeNo };
      const payment = platform.find(key);
      if (!payment) return failure('RESOURCE_NOT_EXISTS', '订单不存在');
      const isNew = !findRefund(book, { account: merchant.mchId, refundNo });
      const isFull = payment.refunds.length >= maxRefundsPerOrder;
      if (isNew && isFull) return failure('INVALID_REQUEST', '订单退款次数超限');
      if (payment.status === 'paid' && amount.total !== payment.capturedMinor) {
        return failure('INVALID_REQUEST', '订单金额与原订单不一致');
      }
      const nowMs = Date.now();
      const verdict = platform.refund(payment, {
        refundNo,
        providerRefundNo: newRefundId(nowMs),
        amountMinor: amount.refund,
        isExternal: false,
        // A repeat may have another reason and URL, but not another number or amount.
        terms: canonical({ outTradeNo, amount }),
        ...(notifyUrl && { notifyUrl }),
        atMs: nowMs,
      });
      if ('refusal' in verdict) return failure('INVALID_REQUEST', refusalMessage(verdict.refusal));
      if (isNew) {
        const bounce = faults.takeBounce(key);
        const { refund } = verdict;
        if (bounce) {
          after(settleAfterMs + bounce.delayMs, () => platform.bounceRefund(payment, refund));
        } else if (merchant.hasInstantRefunds) settleSoon(payment, refund);
      }
      return success(describeRefund(payment, verdict.refund));
    },
    query(merchant, refundNo) {
      const found = findRefund(book, { account: merchant.mchId, refundNo });
      if (!found) return failure('RESOURCE_NOT_EXISTS');
      return success(describeRefund(found.payment, found.refund));
    },
    resume() {
      for (const payment of book.payments.values()) {
        if (!findMerchant(book, payment.account)?.hasInstantRefunds) continue;
        for (const refund of payment.refunds) {
          if (refund.status === 'pending') settleSoon(payment, refund);
        }
      }
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function refusalMessage(refusal: string): string {
  const messages: Readonly<Record<string, string>> = {
    conflict: '同一退款单号的参数与之前请求不一致',
    exceedsCaptured: '申请退款金额大于订单可退金额',
    notPaid: '订单未支付',
  };
  return messages[refusal] ?? refusal;
}
