import { z } from '@hono/zod-openapi';
import { refuseEventName } from '../../domain/event-name.ts';
import { checkFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';
import { isFields } from '../../domain/filter-syntax.ts';
import { pointerSteps } from '../../domain/json-value.ts';
import { cursorSchema, instantSchema, plainText, timeSchema } from '../schemas.ts';

/** A name for an event type of a merchant's own. */
export const ownEventType = z
  .string()
  .superRefine((name, context) => {
    const refusal = refuseEventName(name);
    if (refusal !== undefined) context.addIssue({ code: 'custom', message: refusal });
  })
  .openapi({ example: 'cart.abandoned' });

// A query parameter joins channels with commas.
export const channelName = plainText(64).regex(/^[^,]*$/, 'must have no comma');

export const maxChannels = 10;

export const resourceIdSchema = plainText(128);

const jsonObject = z.custom<Record<string, unknown>>(isFields, 'must be a JSON object');

export const newEventSchema = z
  .strictObject({
    id: plainText(200).optional().openapi({
      description: 'Your own key for the event: publishing it again returns the existing event',
    }),
    type: ownEventType,
    data: jsonObject.openapi({
      type: 'object',
      description: 'At most 64 kB and 10,000 values, nested at most 64 deep',
      example: { cart: '77', items: 2 },
    }),
    resourceId: resourceIdSchema.optional().openapi({
      description:
        "The resource of the event, for ordering and filters; the event's own id by default",
      example: 'cart-77',
    }),
    channels: z.array(channelName).max(maxChannels).optional().openapi({
      description: 'Endpoints and readers that select channels get only the events of those',
    }),
    occurredAt: instantSchema.optional().openapi({
      description: 'When the event happened, to the millisecond; now by default',
    }),
    timestamp: instantSchema.optional().openapi({
      description: 'The same as `occurredAt`, so that an envelope can be published as it is',
    }),
  })
  .refine(({ occurredAt, timestamp }) => occurredAt === undefined || timestamp === undefined, {
    path: ['timestamp'],
    message: 'must not be sent together with occurredAt',
  })
  .openapi('NewEvent');

export type NewEventBody = z.infer<typeof newEventSchema>;

export const publishedSchema = z
  .object({
    id: z.string().openapi({ example: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    type: z.string(),
    resourceId: z.string(),
    isNew: z.boolean().openapi({ description: 'False if the event was published before' }),
  })
  .openapi('PublishedEvent');

/** A filter that `domain/filter.ts` compiles. */
export const filterSchema = z
  .custom<Filter>(isFields, 'must be a filter')
  .superRefine((filter, context) => {
    for (const { path, message } of checkFilter(filter)) {
      context.addIssue({ code: 'custom', path: pointerSteps(path), message });
    }
  })
  .openapi({
    type: 'object',
    description: 'Only events that match; `docs/reference/filters.md` describes the language',
    example: { 'data.amountMinor': { $gte: 10_000 } },
  });

export const eventTypeSchema = z
  .object({
    name: z.string().openapi({ example: 'cart.abandoned' }),
    object: z.literal('event_type'),
    origin: z.enum(['platform', 'merchant']).openapi({ description: 'Who publishes it' }),
    description: z.string(),
    schema: z.record(z.string(), z.unknown()).nullable().openapi({
      description: "JSON Schema (2020-12) of an event's `data`; null accepts any object",
    }),
    archivedAt: timeSchema
      .nullable()
      .openapi({ description: 'No event of this type is accepted since then' }),
    createdAt: timeSchema.nullable().openapi({ description: "null for the platform's own" }),
    updatedAt: timeSchema.nullable(),
  })
  .openapi('EventTypeDefinition');

const typeSchemaBytes = 32 * 1_024;

/** The route checks whether the schema compiles. */
const dataSchema = jsonObject
  .refine((schema) => Buffer.byteLength(JSON.stringify(schema)) <= typeSchemaBytes, {
    message: `must have at most ${typeSchemaBytes} bytes`,
  })
  .openapi({
    type: 'object',
    description:
      "JSON Schema (2020-12) of an event's `data`, at most 32 kB. `$ref` may only point to `#/$defs/…`; `pattern` and `patternProperties` are refused; `docs/guides/events.md` has all rules",
    example: { type: 'object', required: ['cart'], properties: { cart: { type: 'string' } } },
  });

export const newEventTypeSchema = z
  .strictObject({
    name: ownEventType,
    description: plainText(1_024).or(z.literal('')).default(''),
    schema: dataSchema.nullable().default(null),
  })
  .openapi('NewEventTypeDefinition');

export const eventTypePatchSchema = z
  .strictObject({
    description: plainText(1_024).or(z.literal('')).optional(),
    schema: dataSchema.nullable().optional(),
    archived: z.boolean().optional().openapi({
      description: 'An archived type accepts no more events; its published events stay',
    }),
  })
  .openapi('EventTypeDefinitionPatch');

export const groupName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"')
  .openapi({ example: 'billing' });

export const consumerGroupSchema = z
  .object({
    name: z.string().openapi({ example: 'billing' }),
    object: z.literal('consumer_group'),
    eventTypes: z.array(z.string()),
    filter: z.record(z.string(), z.unknown()).nullable(),
    cursor: cursorSchema.openapi({ description: 'Everything up to here is acknowledged' }),
    leasedUntil: timeSchema.nullable().openapi({
      description: 'The end of the current lease; null without one',
    }),
    acknowledgedAt: timeSchema.nullable(),
    createdAt: timeSchema,
  })
  .openapi('ConsumerGroup');
