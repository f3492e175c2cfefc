import { z } from 'zod';
import type { BookEvent } from './events.ts';
import type { Dialect } from './platform.ts';

const time = z.iso.datetime({ offset: true });
const amount = z.int().positive();

/** Finished payments in bulk, for statements. */
export const seedSchema = z.object({
  account: z.string(),
  payments: z.array(
    z.object({
      outTradeNo: z.string().min(1),
      amountMinor: amount,
      currency: z.string().length(3),
      paidAt: time,
      refunds: z
        .array(z.object({ refundNo: z.string().min(1), amountMinor: amount, at: time }))
        .default([]),
    }),
  ),
});

export type Seed = z.infer<typeof seedSchema>;

/** The events of seeded payments; they are not notified. */
export function seedEvents(
  { account, payments }: Seed,
  { dialect, method }: { dialect: Dialect; method: string },
): BookEvent[] {
  return payments.flatMap(({ outTradeNo, amountMinor, currency, paidAt, refunds }) => {
    const key = { account, outTradeNo };
    const atMs = Date.parse(paidAt);
    const providerTradeNo = dialect.newTradeNo(atMs);
    const payment = {
      ...key,
      providerTradeNo,
      method,
      amountMinor,
      currency,
      subject: outTradeNo,
      terms: '',
      capture: 'automatic' as const,
      expiresAtMs: atMs + 1,
      openedAtMs: atMs,
      details: {},
    };
    return [
      { type: 'opened', payment },
      { type: 'captured', ...key, capturedMinor: amountMinor, providerTradeNo, atMs },
      ...refunds.flatMap(({ refundNo, amountMinor, at }): BookEvent[] => {
        const atMs = Date.parse(at);
        const providerRefundNo = dialect.newProviderRefundNo(atMs);
        const accepted = {
          refundNo,
          providerRefundNo,
          amountMinor,
          isExternal: false,
          terms: '',
          atMs,
        };
        return [
          { type: 'refundMade', ...key, refund: accepted },
          { type: 'refundSettled', ...key, refundNo, atMs },
        ];
      }),
    ] satisfies BookEvent[];
  });
}
