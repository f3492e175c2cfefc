import type { Provider } from '../provider.ts';
import { openAccount } from './account.ts';
import type { StripeConfig as AccountConfig } from './account.ts';
import { createPayment } from './create-payment.ts';
import { queryDispute } from './disputes.ts';
import { acknowledgeNotification, readNotification } from './notifications.ts';
import { capturePayment, closePayment, isSessionId, queryPayment } from './payments.ts';
import { queryRefund, refund } from './refunds.ts';
import { fetchStatement } from './statement.ts';

export type StripeConfig = AccountConfig & {
  /** whsec_…; several during a rotation. */
  webhookSecrets: readonly string[];
  /** Returns a day's statement before the day is over. */
  sameDayStatements?: boolean;
};

/**
 * The client of Stripe's Checkout Sessions and PaymentIntents. Notifications go to the account's only webhook endpoint,
 * so a payment's `notifyUrl` is not used.
 */
export function createStripe(config: StripeConfig): Provider {
  const { webhookSecrets, sameDayStatements: sameDay = false } = config;
  const account = openAccount(config);
  return {
    name: 'stripe',
    createPayment: (input) => createPayment(account, input),
    queryPayment: (payment) => queryPayment(account, payment),
    capturePayment: (input) => capturePayment(account, input),
    closePayment: (payment) => closePayment(account, payment),
    refund: (input) => refund(account, input),
    queryRefund: (input) => queryRefund(account, input),
    queryDispute: (input) => queryDispute(account, input),
    fetchStatement: async (input) => fetchStatement(account, input, { sameDay }),
    parseNotification: (notification) => readNotification(account, webhookSecrets, notification),
    acknowledge: acknowledgeNotification,
    expectedBinding: ({ outTradeNo, providerRef = null, providerTradeNo }) => ({
      appId: account.mode,
      sellerId: account.accountId,
      outTradeNo,
      // Metadata is copied by payments repeated in the Dashboard and by the merchant's other programs.
      isNumberCopyable: true,
      providerTradeNo: providerTradeNo ?? (isSessionId(providerRef) ? null : providerRef),
      providerRef: isSessionId(providerRef) ? providerRef : null,
    }),
  };
}
