import type { StripeAccount } from './account.ts';
import { isMissing } from './errors.ts';
import type { Reading } from './news.ts';
import { ourNumber } from './objects.ts';

/**
 * Finds our number for news that carries only Stripe's, as of a dispute or of a refund made in the Dashboard. Such news
 * may arrive before the payment's, when Stripe's number is not stored yet. Throws the SDK's errors.
 */
export async function withOurNumber({ sdk }: StripeAccount, reading: Reading): Promise<Reading> {
  const { outTradeNo, providerTradeNo } = reading.about;
  if (outTradeNo !== null || providerTradeNo === null) return reading;
  try {
    const intent = await sdk.paymentIntents.retrieve(providerTradeNo);
    const found = intent.metadata[ourNumber] ?? null;
    return { ...reading, about: { ...reading.about, outTradeNo: found } };
  } catch (error) {
    if (isMissing(error)) return reading;
    throw error;
  }
}
