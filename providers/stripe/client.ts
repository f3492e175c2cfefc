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
  /** whsec_…; more than one while they are rotated. */
  webhookSecrets: readonly string[];
  /** Hands out a day's statement before the day is over. */
  sameDayStatements?: boolean;
};

/**
 * Stripe by Checkout Sessions and PaymentIntents. Notifications come to the account's one webhook
 * endpoint, so that a payment's own `notifyUrl` is not used.
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
      // Metadata is copied along: by a payment repeated in the Dashboard, by other programs of the merchant's.
      isNumberCopyable: true,
      providerTradeNo: providerTradeNo ?? (isSessionId(providerRef) ? null : providerRef),
      providerRef: isSessionId(providerRef) ? providerRef : null,
    }),
  };
}
