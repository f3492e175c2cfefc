import type { PaymentRow } from '../../db/queries/read-order.ts';
import type { PaymentRef } from '../../providers/provider.ts';

/** What a provider has to be told to know which payment is meant. */
export function paymentRef(payment: PaymentRow): PaymentRef {
  const { outTradeNo, providerRef, providerTradeNo, amountMinor, currency } = payment;
  return { outTradeNo, providerRef, providerTradeNo, amountMinor, currency };
}
