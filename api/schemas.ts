import { z } from '@hono/zod-openapi';
import { cursorPattern } from '../domain/cursor.ts';
import { isId } from '../domain/ids.ts';
import type { Id, IdKind } from '../domain/ids.ts';
import { isCurrency } from '../domain/money.ts';
import { disputeStatuses } from '../domain/dispute.ts';
import { reviewVerbs } from '../domain/review.ts';
import { orderStatuses } from '../domain/order.ts';
import { paymentStatuses } from '../domain/payment.ts';
import { reconciliationStatuses } from '../domain/reconciliation.ts';
import { refundCauses, refundStatuses } from '../domain/refund.ts';
import { methods } from '../providers/registry.ts';
import { problemTypes } from './problems.ts';
import type { ProblemSlug } from './problems.ts';

/** An id of the given kind, e.g. `ord_…`. */
export const idSchema = <K extends IdKind>(kind: K, example: Id<K>) =>
  z
    .custom<Id<K>>((value) => typeof value === 'string' && isId(kind, value), {
      error: `must be an id like ${example}`,
    })
    .openapi({ type: 'string', example });

export const orderId = idSchema('order', 'ord_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const refundId = idSchema('refund', 're_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const accountId = idSchema('account', 'acc_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const reconciliationId = idSchema('reconciliation', 'rec_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const differenceId = idSchema('difference', 'dif_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const merchantId = idSchema('merchant', 'mer_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const endpointId = idSchema('endpoint', 'ep_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const portalLinkId = idSchema('portalLink', 'plk_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const eventId = idSchema('event', 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const replayId = idSchema('replay', 'rpl_01jd3v9k7q2m5x8r4t6w0y1z3c');

export const timeSchema = z.iso.datetime().openapi({ example: '2026-11-22T09:30:00.000Z' });
export const amountMinor = z.int().min(1).max(Number.MAX_SAFE_INTEGER).openapi({
  description: 'In minor units of the currency (ISO 4217): 1250 is CNY 12.50',
  example: 1250,
});

// What JSON can spell and PostgreSQL's jsonb cannot hold: NUL and half a surrogate pair.
const storable = /^[^\0\p{Cs}]*$/u;
// Control characters have no place in what payers and bookkeepers read; PostgreSQL refuses NUL.
const plain = /^[^\p{Cc}\p{Cs}]*$/u;
export const textUpTo = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(plain, 'must have no control characters')
    // Left to itself the document would carry the flag as a part of the pattern.
    .openapi({ pattern: plain.source });
export const plainText = (longest: number) => textUpTo(longest).min(1);

const [firstYear, lastYear] = [1970, 9999];
const isWithinYears = (year: number) => year >= firstYear && year <= lastYear;
const withinYears = `must be within the years ${firstYear} to ${lastYear}`;

/**
 * An instant that a caller names (RFC 3339, with an offset; to the millisecond), wherever one is taken: one that
 * JavaScript, PostgreSQL and ISO 8601 all say alike, there and back.
 */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'must be a time like 2026-11-22T09:30:00Z' })
  // What is no time at all is said by the format already.
  .refine((text) => {
    const year = new Date(text).getUTCFullYear();
    return Number.isNaN(year) || isWithinYears(year);
  }, withinYears)
  .openapi({ type: 'string', format: 'date-time', example: '2026-11-22T09:30:00Z' });

/** A day of a calendar that a caller names. */
export const daySchema = z.iso
  .date({ error: 'must be a day like 2026-11-21' })
  .refine((text) => {
    const [year] = text.split('-');
    return !/^\d{4}$/.test(year ?? '') || isWithinYears(Number(year));
  }, withinYears)
  .openapi({ type: 'string', format: 'date', example: '2026-11-21' });

export const methodSchema = z
  .string()
  .refine((name) => Object.hasOwn(methods, name), {
    error: `must be one of ${Object.keys(methods).join(', ')}`,
  })
  .openapi({ enum: Object.keys(methods) });

export const newOrderSchema = z
  .strictObject({
    merchantOrderNo: plainText(64).openapi({
      description: 'Your own number for the order; names one order for ever',
      example: 'A-1001',
    }),
    amountMinor,
    currency: z.string().refine(isCurrency, 'must be an ISO 4217 code').openapi({ example: 'CNY' }),
    subject: plainText(128).openapi({
      description: 'What the payer sees',
      example: 'One cup of tea',
    }),
    methods: z
      .array(methodSchema)
      .min(1)
      .max(10)
      .refine((names) => new Set(names).size === names.length, 'must not name a method twice')
      .optional()
      .openapi({
        description:
          'Ways it may be paid, the preferred one first; every way your accounts offer when left out',
        example: ['alipay.qr', 'wechat-pay.native'],
      }),
    capture: z.enum(['automatic', 'manual']).default('automatic').openapi({
      description: '`manual` only holds the money until you capture it; not every method can',
    }),
    latePayment: z.enum(['refund', 'accept']).default('refund').openapi({
      description: 'What becomes of money that arrives after the order was closed',
    }),
    payer: z
      .strictObject({
        providerUserId: plainText(128).optional().openapi({
          description:
            'The payer at the provider, such as the openid that `wechat-pay.jsapi` needs',
        }),
        ip: z.union([z.ipv4(), z.ipv6()]).optional().openapi({
          description: "The payer's address, which `wechat-pay.h5` needs",
        }),
      })
      .default({}),
    confirm: z
      .strictObject({
        url: textUpTo(2_048),
        withinSeconds: z.int().min(5).max(86_400).default(600),
      })
      .optional()
      .openapi({
        description:
          'You are asked here (signed, with `GET /v1/signing-secret`) once there is money; answer `{"answer":"accept"}` or `{"answer":"reject"}`. No, or no answer in time, gives the money back.',
      }),
    notifyUrl: textUpTo(2_048).optional().openapi({
      description:
        'An endpoint for the events of this order alone, signed with `GET /v1/signing-secret`; beside the endpoints you have registered',
    }),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(86_400)
      .default(900)
      .openapi({ description: 'How long the order may be paid' }),
    returnUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
      .max(2_048)
      .regex(plain, 'must have no control characters')
      .optional()
      .openapi({
        pattern: plain.source,
        description: 'Where the checkout page sends the payer afterwards',
      }),
    metadata: z
      .record(
        plainText(64),
        z
          .string()
          .max(512)
          .regex(storable, 'must be text without NUL')
          .openapi({ pattern: storable.source }),
      )
      .refine((entries) => Object.keys(entries).length <= 20, 'must have at most 20 entries')
      .default({})
      .openapi({
        description: 'Yours, given back with the order and its events',
        example: { cart: '77' },
      }),
  })
  .openapi('NewOrder');

const paymentSchema = z
  .object({
    id: z.string(),
    provider: z.string(),
    method: z.string(),
    outTradeNo: z.string().openapi({ description: 'Our number at the provider' }),
    providerTradeNo: z.string().nullable(),
    status: z.enum(paymentStatuses),
    amountMinor: z.int(),
    currency: z.string(),
    capturedMinor: z.int().openapi({ description: 'What was taken from the payer' }),
    surplus: z.enum(['late', 'duplicate', 'review']).nullable().openapi({
      description: 'Why the order has no use for this money; it is given back',
    }),
    failureCode: z.string().nullable(),
    settledAt: timeSchema.nullable(),
  })
  .openapi('Payment');

export const refundSchema = z
  .object({
    id: z.string().openapi({ example: 're_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('refund'),
    paymentId: z.string(),
    merchantRefundNo: z.string().nullable(),
    refundNo: z.string().openapi({ description: 'Our number at the provider' }),
    providerRefundNo: z.string().nullable(),
    cause: z.enum(refundCauses),
    reason: z.string(),
    status: z.enum(refundStatuses),
    failureCode: z.string().nullable(),
    amountMinor: z.int(),
    currency: z.string(),
    createdAt: timeSchema,
    settledAt: timeSchema.nullable(),
  })
  .openapi('Refund');

const disputeSchema = z
  .object({
    id: z.string(),
    object: z.literal('dispute'),
    paymentId: z.string(),
    disputeNo: z.string(),
    status: z.enum(disputeStatuses),
    reason: z.string(),
    amountMinor: z.int(),
    currency: z.string(),
    createdAt: timeSchema,
    endedAt: timeSchema.nullable(),
  })
  .openapi('Dispute');

export const newRefundSchema = z
  .strictObject({
    merchantRefundNo: plainText(64).openapi({
      description:
        'Your own number for the refund; names one refund for ever, so repeating is safe',
      example: 'R-1001-1',
    }),
    amountMinor: amountMinor.optional().openapi({ description: 'All that is left when left out' }),
    reason: plainText(80).default('Refund'),
    paymentId: idSchema('payment', 'pay_01jd3v9k7q2m5x8r4t6w0y1z3c').optional().openapi({
      description: "One of the order's payments; the one that counts when left out",
    }),
  })
  .openapi('NewRefund');

const reviewSideSchema = z
  .object({
    amountMinor: z.int().nullable(),
    currency: z.string().nullable(),
    appId: z.string().nullable(),
    sellerId: z.string().nullable(),
    providerTradeNo: z.string().nullable(),
    refundNo: z.string().nullable(),
  })
  .openapi('ReviewSide', {
    description:
      'What our order says (`expected`), or the provider (`reported`, null for what it did not say)',
  });

const reviewSchema = z
  .object({
    reason: z.string().openapi({ example: 'amount_mismatch' }),
    paymentId: z.string(),
    accountId: z.string(),
    provider: z.string(),
    outTradeNo: z.string().openapi({ description: "Finds the payment in the provider's portal" }),
    /** What our order says. */
    expected: reviewSideSchema,
    /** What the provider said; null for what it did not say. */
    reported: reviewSideSchema,
    isHeld: z.boolean().optional().openapi({
      description: 'What was reported is only held, and can only be let go',
    }),
    notificationId: z.string().nullable().openapi({
      description: 'What it was said by; null where the provider answered a question of ours',
    }),
    at: timeSchema,
    verbs: z.array(z.enum(reviewVerbs)).openapi({
      description: 'How to decide, with `POST /v1/orders/{orderId}/resolve`',
    }),
  })
  .openapi('Review');

export const snapshotSchema = z
  .object({
    id: z.string().openapi({ example: 'ord_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('order'),
    merchantId: z.string(),
    merchantOrderNo: z.string(),
    status: z.enum(orderStatuses),
    version: z.int().openapi({ description: 'Grows with every change' }),
    amountMinor: z.int(),
    currency: z.string(),
    capturedMinor: z.int(),
    refundedMinor: z.int(),
    subject: z.string(),
    methods: z.array(z.string()),
    capture: z.enum(['automatic', 'manual']),
    latePayment: z.enum(['refund', 'accept']),
    confirmation: z.enum(['awaited', 'accepted', 'rejected', 'timed_out']).nullable(),
    metadata: z.record(z.string(), z.string()),
    returnUrl: z.string().nullable(),
    reviewReason: z.string().nullable(),
    review: reviewSchema.nullable().openapi({
      description:
        'What contradicts the order, and how a person can decide; null where nothing does',
    }),
    closeReason: z.string().nullable(),
    failureCode: z.string().nullable(),
    expiresAt: timeSchema,
    authorizedAt: timeSchema.nullable(),
    paidAt: timeSchema.nullable(),
    closedAt: timeSchema.nullable(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    payments: z.array(paymentSchema),
    refunds: z.array(refundSchema),
    disputes: z.array(disputeSchema),
  })
  .openapi('OrderSnapshot');

const nextActionSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('qr'), content: z.string() }).openapi('QrAction'),
    z.object({ kind: z.literal('redirect'), url: z.string() }).openapi('RedirectAction'),
    z
      .object({
        kind: z.literal('form'),
        action: z.string(),
        fields: z.record(z.string(), z.string()),
      })
      .openapi('FormAction'),
    z
      .object({ kind: z.literal('clientSecret'), clientSecret: z.string() })
      .openapi('ClientSecretAction'),
    z
      .object({ kind: z.literal('jsapi'), params: z.record(z.string(), z.string()) })
      .openapi('JsapiAction'),
  ])
  .openapi('NextAction');

export const orderSchema = snapshotSchema
  .extend({
    checkoutUrl: z.url().openapi({ description: 'The hosted page where the payer pays' }),
    nextActionExpiresAt: timeSchema.nullable().openapi({
      description:
        'When the code or address in `nextAction` ends, where that is before the order does (WeChat Pay: 5 minutes to 2 hours, Alipay: 2 hours). Read the order then: it has another',
    }),
    nextAction: nextActionSchema.nullable().openapi({
      description: 'What the payer has to do; null until the provider answered, and after the end',
    }),
  })
  .openapi('Order');

export const reconciliationSchema = z
  .object({
    id: z.string().openapi({ example: 'rec_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('reconciliation'),
    accountId: z.string(),
    date: z.iso.date().openapi({ description: 'As the provider counts days' }),
    status: z.enum(reconciliationStatuses),
    trigger: z.enum(['schedule', 'request']),
    counts: z.object({
      entries: z.int().openapi({ description: 'Lines of the statement' }),
      matched: z
        .int()
        .openapi({ description: 'Numbers of the statement that agree with our books' }),
      healed: z.int(),
      differences: z.int().openapi({ description: 'Open ones' }),
    }),
    failure: z.string().nullable(),
    startedAt: timeSchema,
    endedAt: timeSchema.nullable(),
  })
  .openapi('Reconciliation');

export const cursorSchema = z
  .string()
  .regex(cursorPattern, 'must be a cursor from an earlier answer')
  .openapi({ example: '42' });

export const limitSchema = z.coerce.number().int().min(1).max(100).default(20);

export const waitQuery = z.coerce
  .number()
  .int()
  .min(0)
  .max(60)
  .default(0)
  .openapi({ description: 'Seconds to wait for it' });

const problemSchema = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().openapi({ description: 'The request id, as in the log' }),
    errors: z
      .array(z.object({ in: z.string(), field: z.string(), message: z.string() }))
      .optional(),
  })
  .openapi('Problem');

/** Answers' fields that some routes send; those of every route are in `common-answers.ts`. */
export const locationHeader = {
  Location: {
    description: 'Where it can be read',
    schema: { type: 'string', format: 'uri' },
  },
} as const;
export const etagHeader = {
  ETag: {
    description: 'The version, for `If-None-Match`',
    schema: { type: 'string', example: '"3"' },
  },
} as const;

/** What any route that reads a JSON body can answer with. */
export const bodyProblems = [
  'invalid-request',
  'malformed-json',
  'unauthorized',
  'content-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemSlug[];

/** The responses of a route for the problems it can answer with; several of one status share an entry. */
export function problemResponses(...slugs: ProblemSlug[]) {
  const responses: Record<
    number,
    { description: string; content: Record<string, { schema: typeof problemSchema }> }
  > = {};
  // Whoever needs a key is limited by it.
  const all = new Set(
    slugs.includes('unauthorized') ? [...slugs, 'too-many-requests' as const] : slugs,
  );
  for (const slug of all) {
    const { status, title } = problemTypes[slug];
    const before = responses[status];
    responses[status] = {
      description: before ? `${before.description}; ${title}` : title,
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return responses;
}
