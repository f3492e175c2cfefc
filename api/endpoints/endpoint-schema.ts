import { z } from '@hono/zod-openapi';
import { deliveryFormats, qualities, saslMechanisms } from '../../domain/delivery.ts';
import { eventPattern } from '../../domain/events.ts';
import { plainText, textUpTo, timeSchema } from '../schemas.ts';

const daySeconds = 86_400;
const seconds = (most: number) => z.int().min(1).max(most);
const patterns = z
  .array(z.string().regex(eventPattern, 'must be an event type, a pattern like order.*, or *'))
  .min(1)
  .max(50);
const retrySeconds = z
  .array(seconds(7 * daySeconds))
  .min(1)
  .max(25)
  .openapi({
    description:
      'Seconds to wait after the first, second, … failed attempt; after the last one the delivery is a dead letter',
    example: [5, 60, 600],
  });

const ruleSchema = z.strictObject({
  eventTypes: patterns,
  priority: z.enum(['high', 'normal', 'low']).optional(),
  ttlSeconds: seconds(30 * daySeconds)
    .optional()
    .openapi({
      description: 'An event not delivered within this time is dropped, and listed as dropped',
    }),
  latestOnly: z.boolean().optional().openapi({
    description: 'A newer event of the same resource replaces pending ones',
  }),
  retrySeconds: retrySeconds.optional(),
  qos: z.enum(qualities).optional().openapi({
    description:
      '`at_most_once`: sent once or not at all. The event is dropped, and listed as dropped, if the endpoint is failing or paused or if it is unknown whether the event was sent',
  }),
});

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be a header name');
const secretText = z.string().min(1).max(4_096);

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }).openapi('NoAuth'),
  z
    .strictObject({ kind: z.literal('basic'), username: secretText, password: secretText })
    .openapi('BasicAuth'),
  z.strictObject({ kind: z.literal('bearer'), token: secretText }).openapi('BearerAuth'),
  z
    .strictObject({
      kind: z.literal('oauth2'),
      tokenUrl: z.url(),
      clientId: secretText,
      clientSecret: secretText,
      scope: secretText.optional(),
    })
    .openapi('ClientCredentialsAuth'),
  z
    .strictObject({
      kind: z.literal('mtls'),
      certificate: z.string().min(1).max(16_384),
      privateKey: z.string().min(1).max(16_384),
      ca: z.string().min(1).max(16_384).optional(),
    })
    .openapi('MutualTlsAuth'),
]);

const destinationSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('amqp'),
      exchange: textUpTo(127).default('').openapi({
        description: 'Empty: the default exchange; `routingKey` is then the queue name',
      }),
      routingKey: textUpTo(127).min(1).default('{type}').openapi({
        description: '`{type}` and `{resourceId}` are replaced by those of the event',
      }),
    })
    .openapi('AmqpDestination'),
  z
    .strictObject({
      kind: z.literal('kafka'),
      topic: z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be a topic name'),
      saslMechanism: z.enum(saslMechanisms).default('plain').openapi({
        description: 'Applies with `auth.kind: "basic"`',
      }),
    })
    .openapi('KafkaDestination'),
]);

const settings = {
  url: textUpTo(2_048).openapi({
    description:
      'https://…; amqps://host/vhost or kafkas://host:port (also without the s) where `destination` names an exchange or a topic',
  }),
  destination: destinationSchema.nullable().openapi({
    description:
      'A RabbitMQ exchange or a Kafka topic instead of an HTTP address: `docs/guides/brokers.md`',
  }),
  eventTypes: patterns,
  channels: z.array(plainText(64)).max(50).openapi({
    description: 'Only events published to one of these channels; empty for every event',
  }),
  filter: z
    .record(z.string(), z.unknown())
    .nullable()
    .openapi({
      description: 'Only events that match; `docs/reference/filters.md` describes the language',
      example: { 'data.amountMinor': { $gte: 10_000 } },
    }),
  rules: z.array(ruleSchema).max(50).openapi({
    description:
      'Delivery rules by event type. If several rules match, the first that sets a field applies for that field',
  }),
  payload: z
    .enum(['full', 'id'])
    .openapi({ description: '`id` sends only the id of the resource' }),
  format: z.enum(deliveryFormats),
  ordering: z.enum(['none', 'resource']).openapi({
    description: '`resource`: an event waits only for earlier events of the same resource',
  }),
  ratePerSecond: z.int().min(1).max(10_000).nullable(),
  maxConcurrency: z.int().min(1).max(64).nullable(),
  retrySeconds: retrySeconds.nullable(),
  headers: z.record(headerName, z.string().max(1_024)).openapi({
    description: 'Sent with every delivery; stored encrypted, and only the names are returned',
  }),
  auth: authSchema.openapi({
    description: 'How Tender authenticates to the receiver; stored encrypted',
  }),
  description: plainText(256).nullable(),
  metadata: z.record(z.string().min(1).max(40), z.string().max(500)).openapi({
    description: 'At most 20 entries of your own',
  }),
};

export const newEndpointSchema = z
  .strictObject({
    url: settings.url.openapi({ example: 'https://shop.example/tender' }),
    destination: settings.destination.default(null),
    eventTypes: settings.eventTypes.default(['*']).openapi({ example: ['order.*'] }),
    channels: settings.channels.default([]),
    filter: settings.filter.default(null),
    rules: settings.rules.default([]),
    payload: settings.payload.default('full'),
    format: settings.format.default('json'),
    ordering: settings.ordering.default('none'),
    ratePerSecond: settings.ratePerSecond.default(null),
    maxConcurrency: settings.maxConcurrency.default(null),
    retrySeconds: settings.retrySeconds.default(null),
    headers: settings.headers.default({}),
    auth: settings.auth.default({ kind: 'none' }),
    signature: z.enum(['hmac', 'ed25519']).default('hmac').openapi({
      description:
        '`hmac`: a shared secret, `v1`; `ed25519`: a key pair, `v1a`, with the public key at `/.well-known/jwks.json`',
    }),
    description: settings.description.default(null),
    metadata: settings.metadata.default({}),
    handshake: z.boolean().default(false).openapi({
      description:
        'Sends no events until the endpoint has answered a challenge: see `POST /v1/endpoints/{endpointId}/verify`',
    }),
  })
  .openapi('NewEndpoint');

export const endpointPatchSchema = z
  .strictObject({
    ...(Object.fromEntries(
      Object.entries(settings).map(([name, schema]) => [name, schema.optional()]),
    ) as { [K in keyof typeof settings]: z.ZodOptional<(typeof settings)[K]> }),
    status: z.enum(['enabled', 'paused', 'disabled']).optional().openapi({
      description:
        '`paused`: events wait. `disabled`: the endpoint gets no events, and pending deliveries become dead letters. `enabled` undoes both',
    }),
  })
  .openapi('EndpointPatch');

export type EndpointSettings = z.infer<typeof endpointPatchSchema>;

export const endpointSchema = z
  .object({
    id: z.string().openapi({ example: 'ep_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('endpoint'),
    url: z.string(),
    destination: destinationSchema.nullable(),
    eventTypes: z.array(z.string()),
    channels: z.array(z.string()),
    filter: z.record(z.string(), z.unknown()).nullable(),
    rules: z.array(ruleSchema),
    payload: settings.payload,
    format: settings.format,
    payloadVersion: z.string(),
    ordering: settings.ordering,
    ratePerSecond: settings.ratePerSecond,
    maxConcurrency: settings.maxConcurrency,
    retrySeconds: settings.retrySeconds,
    headerNames: z.array(z.string()),
    auth: z.enum(['none', 'basic', 'bearer', 'oauth2', 'mtls']),
    signature: z.enum(['hmac', 'ed25519']),
    publicKey: z.string().nullable().openapi({ description: 'whpk_…, for `ed25519`' }),
    previousSecretUntil: timeSchema.nullable().openapi({
      description: 'Until then the previous secret also signs',
    }),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    status: z.enum(['enabled', 'paused', 'disabled', 'unverified']),
    disabledReason: z.string().nullable(),
    failingSince: timeSchema.nullable(),
    window: z.int().nullable().openapi({
      description:
        'Concurrent calls allowed while the endpoint is failing; 0 while it is only probed; null while it is healthy',
    }),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .openapi('Endpoint');

export const newSecretSchema = z.object({
  secret: z
    .string()
    .openapi({
      description:
        'whsec_…, for any Standard Webhooks library; shown only once. Null for `ed25519`, where the receiver needs only the public key',
    })
    .nullable(),
});
