import { movementsOf } from '../kit/movements.ts';
import type { Movement } from '../kit/movements.ts';
import type { ApiCall } from './api-call.ts';
import { pageOf } from './api-call.ts';
import { chargeObject, disputeObject, refundObject } from './api-objects.ts';
import { toApiAmount } from './units.ts';

/** `GET /v1/balance_transactions`, newest first. */
export function listBalanceTransactions(call: ApiCall): object {
  const { params, platform, account } = call;
  const movements = movementsOf(platform.book, {
    account: account.account,
    fromMs: (params.int('created[gte]') ?? 0) * 1000,
    untilMs: (params.int('created[lt]') ?? Number.MAX_SAFE_INTEGER / 1000) * 1000,
  });
  const isExpanded = params.expands('data.source');
  const transactions = movements.toReversed().map((movement) => ({ id: idOf(movement), movement }));
  const page = pageOf(call, '/v1/balance_transactions', transactions);
  return {
    ...page,
    data: page.data.map(({ movement }) => transactionObject(movement, isExpanded)),
  };
}

function transactionObject(movement: Movement, isExpanded: boolean) {
  const { payment, kind, atMs } = movement;
  const { source, amountMinor, type, category } = termsOf(movement);
  const amount = toApiAmount(Math.abs(amountMinor), payment.currency) * Math.sign(amountMinor);
  const fee = kind === 'payment' ? feeOf(amount) : 0;
  return {
    id: idOf(movement),
    object: 'balance_transaction',
    amount,
    created: Math.floor(atMs / 1000),
    currency: payment.currency.toLowerCase(),
    fee,
    net: amount - fee,
    reporting_category: category,
    source: isExpanded ? source : source.id,
    status: 'available',
    type,
  };
}

/** https://docs.stripe.com/reports/reporting-categories */
function termsOf(movement: Movement) {
  const { payment, kind } = movement;
  switch (kind) {
    case 'payment':
      return {
        source: chargeObject(payment),
        amountMinor: payment.capturedMinor,
        type: 'charge',
        category: 'charge',
      };
    case 'refund':
      return {
        source: refundObject(payment, movement.refund),
        amountMinor: -movement.refund.amountMinor,
        type: 'refund',
        category: 'refund',
      };
    case 'dispute':
      return {
        source: disputeObject(payment, movement.dispute),
        amountMinor: movement.amountMinor,
        type: 'adjustment',
        category: movement.amountMinor < 0 ? 'dispute' : 'dispute_reversal',
      };
  }
}

function idOf(movement: Movement): string {
  switch (movement.kind) {
    case 'payment':
      return `txn_${(movement.payment.providerTradeNo ?? '').slice(3)}`;
    case 'refund':
      return `txn_r${movement.refund.providerRefundNo.slice(3)}`;
    case 'dispute': {
      const { disputeNo, moves } = movement.dispute;
      const nth = moves.findIndex(
        ({ atMs, amountMinor }) => atMs === movement.atMs && amountMinor === movement.amountMinor,
      );
      return `txn_d${nth}${disputeNo.slice(3)}`;
    }
  }
}

/**
 * A fee of 2.9 %, rounded down to whole hundreds, which are valid in currencies that the API writes with two extra
 * zeros.
 */
function feeOf(amount: number): number {
  return Math.floor((amount * 29) / 100_000) * 100;
}
