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

// Excludes what JSON allows but PostgreSQL's jsonb cannot store: NUL and lone surrogates.
const storable = /^[^\0\p{Cs}]*$/u;
// Excludes control characters from text for people; PostgreSQL refuses NUL.
const plain = /^[^\p{Cc}\p{Cs}]*$/u;
export const textUpTo = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(plain, 'must have no control characters')
    // Set explicitly, because the generated document would include the flag in the pattern.
    .openapi({ pattern: plain.source });
export const plainText = (longest: number) => textUpTo(longest).min(1);

const [firstYear, lastYear] = [1970, 9999];
const isWithinYears = (year: number) => year >= firstYear && year <= lastYear;
const withinYears = `must be within the years ${firstYear} to ${lastYear}`;

/**
 * An instant in a request (RFC 3339 with an offset, to the millisecond) that JavaScript, PostgreSQL and ISO 8601
 * represent alike.
 */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'must be a time like 2026-11-22T09:30:00Z' })
  // The format check already reports an invalid time.
  .refine((text) => {
    const year = new Date(text).getUTCFullYear();
    return Number.isNaN(year) || isWithinYears(year);
  }, withinYears)
  .openapi({ type: 'string', format: 'date-time', example: '2026-11-22T09:30:00Z' });

/** A calendar day in a request. */
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
      description: 'Your own order number; it identifies one order permanently',
      example: 'A-1001',
    }),
    amountMinor,
    currency: z.string().refine(isCurrency, 'must be an ISO 4217 code').openapi({ example: 'CNY' }),
    subject: plainText(128).openapi({
      description: 'The text that the payer sees',
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
          'Allowed payment methods, the preferred one first; by default every method of your accounts',
        example: ['alipay.qr', 'wechat-pay.native'],
      }),
    capture: z.enum(['automatic', 'manual']).default('automatic').openapi({
      description:
        '`manual` only authorises the payment until you capture it; not every method supports it',
    }),
    latePayment: z.enum(['refund', 'accept']).default('refund').openapi({
      description: 'What happens to money that arrives after the order was closed',
    }),
    payer: z
      .strictObject({
        providerUserId: plainText(128).optional().openapi({
          description:
            "The payer's id at the provider, such as the openid that `wechat-pay.jsapi` needs",
        }),
        ip: z.union([z.ipv4(), z.ipv6()]).optional().openapi({
          description: "The payer's IP address, which `wechat-pay.h5` needs",
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
          'Tender sends a confirmation request here (signed with `GET /v1/signing-secret`) once the payment is captured or authorised; respond with `{"answer":"accept"}` or `{"answer":"reject"}`. A rejection, or no response in time, returns the money.',
      }),
    notifyUrl: textUpTo(2_048).optional().openapi({
      description:
        'An endpoint for the events of this order only, signed with `GET /v1/signing-secret`, in addition to your registered endpoints',
    }),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(86_400)
      .default(900)
      .openapi({ description: 'Seconds until the order expires' }),
    returnUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
      .max(2_048)
      .regex(plain, 'must have no control characters')
      .optional()
      .openapi({
        pattern: plain.source,
        description: 'The URL to which the checkout page returns the payer',
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
        description: 'Your own data, returned with the order and its events',
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
    capturedMinor: z.int().openapi({ description: 'The captured amount' }),
    surplus: z.enum(['late', 'duplicate', 'review']).nullable().openapi({
      description: 'Why the payment is surplus; it is refunded',
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
        'Your own refund number; it identifies one refund permanently, so repeating is safe',
      example: 'R-1001-1',
    }),
    amountMinor: amountMinor
      .optional()
      .openapi({ description: 'The whole remaining amount by default' }),
    reason: plainText(80).default('Refund'),
    paymentId: idSchema('payment', 'pay_01jd3v9k7q2m5x8r4t6w0y1z3c').optional().openapi({
      description: "One of the order's payments; the current one by default",
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
      'The values of the order (`expected`) or of the provider (`reported`, null if it did not report one)',
  });

const reviewSchema = z
  .object({
    reason: z.string().openapi({ example: 'amount_mismatch' }),
    paymentId: z.string(),
    accountId: z.string(),
    provider: z.string(),
    outTradeNo: z
      .string()
      .openapi({ description: "The payment's number in the provider's portal" }),
    expected: reviewSideSchema,
    reported: reviewSideSchema,
    isHeld: z.boolean().optional().openapi({
      description: 'The reported money is only authorised and can only be voided',
    }),
    notificationId: z.string().nullable().openapi({
      description: 'The notification with the report; null if it came from a query',
    }),
    at: timeSchema,
    verbs: z.array(z.enum(reviewVerbs)).openapi({
      description: 'The available verbs for `POST /v1/orders/{orderId}/resolve`',
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
      description: 'What contradicts the order, and how to resolve it; null without a review',
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
        'When the code or address in `nextAction` expires, if that is before the order does (WeChat Pay: 5 minutes to 2 hours, Alipay: 2 hours). Reading the order then renews it',
    }),
    nextAction: nextActionSchema.nullable().openapi({
      description:
        "The payer's next step; null until the provider responds, and after the order ends",
    }),
  })
  .openapi('Order');

export const reconciliationSchema = z
  .object({
    id: z.string().openapi({ example: 'rec_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('reconciliation'),
    accountId: z.string(),
    date: z.iso.date().openapi({ description: "In the provider's time zone" }),
    status: z.enum(reconciliationStatuses),
    trigger: z.enum(['schedule', 'request']),
    counts: z.object({
      entries: z.int().openapi({ description: 'Lines of the statement' }),
      matched: z
        .int()
        .openapi({ description: 'Payments and refunds of the statement that match our records' }),
      healed: z.int(),
      differences: z.int().openapi({ description: 'Open differences' }),
    }),
    failure: z.string().nullable(),
    startedAt: timeSchema,
    endedAt: timeSchema.nullable(),
  })
  .openapi('Reconciliation');

export const cursorSchema = z
  .string()
  .regex(cursorPattern, 'must be a cursor from an earlier response')
  .openapi({ example: '42' });

export const limitSchema = z.coerce.number().int().min(1).max(100).default(20);

export const waitQuery = z.coerce
  .number()
  .int()
  .min(0)
  .max(60)
  .default(0)
  .openapi({ description: 'Seconds to wait' });

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

/** Response headers of some routes; those of every route are in `common-answers.ts`. */
export const locationHeader = {
  Location: {
    description: 'The URL of the resource',
    schema: { type: 'string', format: 'uri' },
  },
} as const;
export const etagHeader = {
  ETag: {
    description: 'The version, for `If-None-Match`',
    schema: { type: 'string', example: '"3"' },
  },
} as const;

/** The problems of every route that reads a JSON body. */
export const bodyProblems = [
  'invalid-request',
  'malformed-json',
  'unauthorized',
  'content-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemSlug[];

/** The OpenAPI responses of a route's problems; problems of one status share an entry. */
export function problemResponses(...slugs: ProblemSlug[]) {
  const responses: Record<
    number,
    { description: string; content: Record<string, { schema: typeof problemSchema }> }
  > = {};
  // Routes with an API key have rate limits.
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
