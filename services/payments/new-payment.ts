import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { Route } from '../../domain/routing.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';

/** A new attempt for an order by another route. Its number is stored before the provider is called. */
export function newPayment(
  { order }: OrderRead,
  { accountId, provider, method }: Route,
): PaymentRow {
  const id = newId('payment');
  return {
    id,
    orderId: order.id,
    accountId,
    provider,
    method,
    outTradeNo: outTradeNoOf(id),
    providerRef: null,
    providerTradeNo: null,
    status: 'created',
    amountMinor: order.amountMinor,
    currency: order.currency,
    capturedMinor: 0,
    surplus: null,
    nextAction: null,
    handleExpiresAt: null,
    failureCode: null,
    settledAt: null,
    createdAt: new Date(),
  };
}
