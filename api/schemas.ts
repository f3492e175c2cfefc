import { z } from '@hono/zod-openapi';
import { eventPattern, eventTypes } from '../domain/events.ts';
import { isId } from '../domain/ids.ts';
import type { Id, IdKind } from '../domain/ids.ts';
import { isCurrency } from '../domain/money.ts';
import { orderStatuses } from '../domain/order.ts';
import { paymentStatuses } from '../domain/payment.ts';
import { methods } from '../providers/registry.ts';
import type { Method } from '../providers/registry.ts';
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
export const endpointId = idSchema('endpoint', 'ep_01jd3v9k7q2m5x8r4t6w0y1z3c');

const time = z.iso.datetime().openapi({ example: '2026-11-22T09:30:00.000Z' });
const amountMinor = z.int().min(1).max(Number.MAX_SAFE_INTEGER).openapi({
  description: 'In minor units of the currency (ISO 4217): 1250 is CNY 12.50',
  example: 1250,
});

// Control characters have no place in what payers and bookkeepers read; PostgreSQL refuses NUL.
const plain = /^[^\p{Cc}\p{Cs}]*$/u;
export const plainText = (longest: number) =>
  z.string().min(1).max(longest).regex(plain, 'must have no control characters');

/** A time to filter by, within what PostgreSQL and ISO 8601 both can say. */
export const momentSchema = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  // What is no time at all is said by the format already.
  return !(year < 1 || year > 9_999);
}, 'must be within the years 1 to 9999');

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
    method: z.enum(Object.keys(methods) as [Method, ...Method[]]).default('alipay.qr'),
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
      .openapi({ description: 'Where the checkout page sends the payer afterwards' }),
    metadata: z
      .record(
        plainText(64),
        z
          .string()
          .max(512)
          // What JSON can spell and PostgreSQL's jsonb cannot hold: NUL and half a surrogate pair.
          .regex(/^[^\0\p{Cs}]*$/u, 'must be text without NUL'),
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
    outTradeNo: z.string().openapi({ description: 'Our number at the provider' }),
    providerTradeNo: z.string().nullable(),
    status: z.enum(paymentStatuses),
    amountMinor: z.int(),
    currency: z.string(),
    settledAt: time.nullable(),
  })
  .openapi('Payment');

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
    subject: z.string(),
    method: z.string(),
    metadata: z.record(z.string(), z.string()),
    returnUrl: z.string().nullable(),
    reviewReason: z.string().nullable(),
    closeReason: z.string().nullable(),
    failureCode: z.string().nullable(),
    expiresAt: time,
    paidAt: time.nullable(),
    closedAt: time.nullable(),
    createdAt: time,
    updatedAt: time,
    payments: z.array(paymentSchema),
  })
  .openapi('OrderSnapshot');

const nextActionSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('qr'), content: z.string() }),
    z.object({ kind: z.literal('redirect'), url: z.string() }),
    z.object({
      kind: z.literal('form'),
      action: z.string(),
      fields: z.record(z.string(), z.string()),
    }),
    z.object({ kind: z.literal('clientSecret'), clientSecret: z.string() }),
    z.object({ kind: z.literal('jsapi'), params: z.record(z.string(), z.string()) }),
  ])
  .openapi('NextAction');

export const orderSchema = snapshotSchema
  .extend({
    checkoutUrl: z.url().openapi({ description: 'The hosted page where the payer pays' }),
    nextAction: nextActionSchema.nullable().openapi({
      description: 'What the payer has to do; null until the provider answered, and after the end',
    }),
  })
  .openapi('Order');

export const newEndpointSchema = z
  .strictObject({
    url: z
      .string()
      .max(2_048)
      .regex(plain, 'must have no control characters')
      .openapi({ example: 'https://shop.example/tender' }),
    eventTypes: z
      .array(z.string().regex(eventPattern, 'must be an event type, a pattern like order.*, or *'))
      .min(1)
      .max(50)
      .default(['*'])
      .openapi({ example: ['order.*'] }),
    description: plainText(256).optional(),
  })
  .openapi('NewEndpoint');

export const endpointSchema = z
  .object({
    id: z.string().openapi({ example: 'ep_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('endpoint'),
    url: z.string(),
    eventTypes: z.array(z.string()),
    description: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    disabledReason: z.string().nullable(),
    createdAt: time,
  })
  .openapi('Endpoint');

export const eventSchema = z
  .object({
    id: z.string().openapi({ example: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    type: z.string().openapi({ enum: Object.keys(eventTypes), example: 'order.paid' }),
    timestamp: time,
    data: snapshotSchema,
  })
  .openapi('Event');

export const cursorSchema = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a cursor from an earlier answer');

export const limitSchema = z.coerce.number().int().min(1).max(100).default(20);

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

/** The responses of a route for the problems it can answer with; several of one status share an entry. */
export function problemResponses(...slugs: ProblemSlug[]) {
  const responses: Record<
    number,
    { description: string; content: Record<string, { schema: typeof problemSchema }> }
  > = {};
  for (const slug of slugs) {
    const { status, title } = problemTypes[slug];
    const before = responses[status];
    responses[status] = {
      description: before ? `${before.description}; ${title}` : title,
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return responses;
}
