import { z } from 'zod';

// The fields that we read of Stripe's objects, in answers and events. Both may be incomplete.

const metadata = z
  .record(z.string(), z.string())
  .nullish()
  .transform((data) => data ?? {});

/** A field that holds an id or, when expanded, the object. */
const reference = z
  .union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)])
  .nullish()
  .transform((id) => id ?? null);

const amount = z.int().nonnegative();

export const paymentIntentSchema = z.object({
  object: z.literal('payment_intent'),
  id: z.string(),
  livemode: z.boolean(),
  status: z.string(),
  currency: z.string(),
  amount,
  amount_capturable: amount.default(0),
  amount_received: amount.default(0),
  client_secret: z.string().nullish(),
  /** The charge's time is the time of the payment; present if expanded. */
  latest_charge: z
    .union([
      z.object({ created: z.int(), refunded: z.boolean().default(false) }),
      z.string().transform(() => null),
    ])
    .nullish(),
  metadata,
});

export const sessionSchema = z.object({
  object: z.literal('checkout.session'),
  id: z.string(),
  livemode: z.boolean(),
  status: z.string().nullable(),
  payment_status: z.string(),
  currency: z.string().nullable(),
  amount_total: amount.nullable(),
  client_reference_id: z.string().nullish(),
  url: z.string().nullish(),
  /** Null until the payer has confirmed. */
  payment_intent: z.union([paymentIntentSchema, z.string()]).nullish(),
  metadata,
});

export const refundSchema = z.object({
  object: z.literal('refund'),
  id: z.string(),
  amount,
  currency: z.string(),
  status: z.string().nullable(),
  created: z.int(),
  failure_reason: z.string().nullish(),
  payment_intent: reference,
  metadata,
});

export const disputeSchema = z.object({
  object: z.literal('dispute'),
  id: z.string(),
  amount,
  currency: z.string(),
  status: z.string(),
  reason: z.string(),
  payment_intent: reference,
  metadata,
});

export const chargeSchema = z.object({
  object: z.literal('charge'),
  id: z.string(),
  currency: z.string(),
  amount_captured: amount,
  payment_intent: reference,
  /** Copied from the PaymentIntent when the charge was created. */
  metadata,
});

export type PaymentIntentData = z.infer<typeof paymentIntentSchema>;
export type SessionData = z.infer<typeof sessionSchema>;
export type RefundData = z.infer<typeof refundSchema>;
export type DisputeData = z.infer<typeof disputeSchema>;

/** The keys of our numbers in Stripe's metadata. */
export const ourNumber = 'out_trade_no';
export const ourRefundNumber = 'refund_no';
