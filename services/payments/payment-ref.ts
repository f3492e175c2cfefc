import type { PaymentRow } from '../../db/queries/read-order.ts';
import type { PaymentRef } from '../../providers/provider.ts';

/** The identifiers by which a provider finds the payment. */
export function paymentRef(payment: PaymentRow): PaymentRef {
  const { outTradeNo, providerRef, providerTradeNo, amountMinor, currency } = payment;
  return { outTradeNo, providerRef, providerTradeNo, amountMinor, currency };
}
