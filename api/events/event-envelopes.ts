import { z } from '@hono/zod-openapi';
import { eventTypes, isPlatformEvent, matchesAny } from '../../domain/events.ts';
import type { EventType } from '../../domain/events.ts';
import { messageSchema } from '../messages/message-body.ts';
import { sessionSchema } from '../sessions/session-body.ts';
import { topicMessageSchema } from '../topics/topic-body.ts';
import { idSchema, reconciliationSchema, snapshotSchema, timeSchema } from '../schemas.ts';

type Family = { patterns: readonly string[]; name: string; data: z.ZodType };

const endpointShape = {
  id: z.string().openapi({ example: 'ep_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
  object: z.literal('endpoint'),
};

const orderData = snapshotSchema
  .extend({
    about: z.string().nullable().openapi({
      description: 'The payment, refund or dispute the event is about; null for the order itself',
    }),
  })
  .openapi('OrderEventPayload');

const disabledData = z.object({
  ...endpointShape,
  url: z.string(),
  disabledReason: z.string().nullable(),
  failingSince: timeSchema.nullable(),
  deadLetters: z.int().openapi({ description: 'Pending events that became dead letters' }),
  alert: z.object({ subject: z.string(), text: z.string() }).openapi({
    description: 'An e-mail to the owner, ready to send',
  }),
});

/** The `data` schemas of the platform's events; the first family with a matching pattern applies. */
const families: readonly Family[] = [
  { patterns: ['order.*', 'refund.*', 'dispute.*'], name: 'OrderEvent', data: orderData },
  { patterns: ['reconciliation.*'], name: 'ReconciliationEvent', data: reconciliationSchema },
  { patterns: ['endpoint.disabled'], name: 'EndpointDisabledEvent', data: disabledData },
  {
    patterns: ['endpoint.test'],
    name: 'EndpointTestEvent',
    data: z.object({ ...endpointShape, url: z.string() }),
  },
  { patterns: ['message.*'], name: 'MessageEvent', data: messageSchema },
  {
    patterns: ['session.message'],
    name: 'SessionMessageEvent',
    data: z.object({
      id: z.string().openapi({ example: 'msg_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
      object: z.literal('session_message'),
      sessionId: z.string(),
      subject: z.string(),
      from: z.string(),
      body: z.unknown(),
      at: timeSchema,
    }),
  },
  { patterns: ['session.*'], name: 'SessionEvent', data: sessionSchema },
  {
    patterns: ['group.message'],
    name: 'TopicMessageEvent',
    data: topicMessageSchema
      .extend({ topic: z.string().openapi({ description: 'The name of the topic' }) })
      .openapi('TopicMessageEventPayload'),
  },
];

function familyOf(type: EventType): Family {
  const family = families.find(({ patterns }) => matchesAny(patterns, type));
  if (!family) throw new Error(`api/events/event-envelopes.ts has no schema for ${type}`);
  return family;
}

const eventId = idSchema('event', 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c');

const typesOf = (family: Family) =>
  Object.keys(eventTypes).filter((type) => isPlatformEvent(type) && familyOf(type) === family);

/** `order.late_payment` is `OrderLatePaymentEvent`. */
const nameOf = (type: string) =>
  `${type.replaceAll(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase())}Event`;

const envelopes = new Map(
  families.map((family) => {
    const schema = z
      .object({
        id: eventId,
        // Names for generated constants; the default names would collide with type names.
        type: z.enum(typesOf(family)).openapi({ 'x-enum-varnames': typesOf(family).map(nameOf) }),
        timestamp: timeSchema,
        data: family.data,
      })
      .openapi(family.name);
    return [family, schema];
  }),
);

/** A platform event, as endpoints and readers of the feed get it. */
export function envelopeSchemaOf(type: EventType): z.ZodType {
  return envelopes.get(familyOf(type))!;
}

/** An event as endpoints with `payload: "id"` get it. */
export const referenceSchema = z
  .object({
    id: eventId,
    type: z.string().openapi({ example: 'order.paid' }),
    timestamp: timeSchema,
    data: z.strictObject({
      id: z.string().openapi({ description: 'The id of the resource' }),
      object: z.string().optional(),
    }),
  })
  .openapi('EventReference');

/** An event of the feed: the platform's or a merchant's. */
export const feedEventSchema = z
  .object({
    id: eventId,
    type: z.string().openapi({ example: 'order.paid' }),
    timestamp: timeSchema,
    data: z.record(z.string(), z.unknown()).openapi({
      description: "For the platform's events see `webhooks`; for your own, the data you published",
    }),
  })
  .openapi('FeedEvent');

/** The challenge request to an endpoint that was registered with a handshake. */
export const verificationSchema = z
  .object({
    id: eventId,
    type: z.literal('endpoint.verification'),
    timestamp: timeSchema,
    data: z.object({ ...endpointShape, challenge: z.string() }),
  })
  .openapi('VerificationRequest');

/** The confirmation request to the order's `confirm.url`. */
export const confirmationSchema = z
  .object({
    id: z.string().openapi({ example: 'confirm_ord_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    type: z.literal('order.confirm'),
    timestamp: timeSchema,
    data: snapshotSchema,
  })
  .openapi('ConfirmationRequest');
