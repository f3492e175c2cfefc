import { z } from '@hono/zod-openapi';
import type { DeliveryAttempt, DeliveryRow } from '../../db/queries/list-deliveries.ts';
import { timeSchema } from '../schemas.ts';

export const deliveryStatuses = ['pending', 'delivered', 'dead', 'dropped'] as const;

export const deliverySchema = z
  .object({
    object: z.literal('delivery'),
    eventId: z.string(),
    endpointId: z.string(),
    type: z.string(),
    resourceId: z.string(),
    status: z.enum(deliveryStatuses).openapi({
      description:
        '`dead` needs a person; `dropped` is intended, by a time to live or a newer event',
    }),
    reason: z
      .enum([
        'exhausted',
        'gone',
        'endpoint_disabled',
        'endpoint_deleted',
        'expired',
        'superseded',
        'at_most_once',
      ])
      .nullable(),
    attempts: z.int(),
    replays: z.int().openapi({ description: 'How often the delivery was restarted' }),
    nextAttemptAt: timeSchema.nullable(),
    lastStatusCode: z.int().nullable(),
    lastError: z.string().nullable(),
    createdAt: timeSchema,
    endedAt: timeSchema.nullable(),
  })
  .openapi('Delivery');

export const attemptSchema = z
  .object({
    attempt: z.int(),
    statusCode: z.int().nullable(),
    error: z.string().nullable(),
    responseBody: z.string().nullable().openapi({ description: 'The first 1,024 characters' }),
    responseHeaders: z.record(z.string(), z.string()).nullable(),
    durationMs: z.int(),
    startedAt: timeSchema,
  })
  .openapi('DeliveryAttempt');

/** A delivery as the API returns it. */
export function deliveryBody(row: DeliveryRow): z.infer<typeof deliverySchema> {
  return {
    object: 'delivery',
    eventId: row.eventId,
    endpointId: row.endpointId,
    type: row.type,
    resourceId: row.resourceId,
    status: row.status,
    reason: row.endReason,
    attempts: row.attempts,
    replays: row.replays,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    lastStatusCode: row.lastStatusCode,
    lastError: row.lastError,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}

export function attemptBody(row: DeliveryAttempt): z.infer<typeof attemptSchema> {
  const { attempt, statusCode, error, responseBody, responseHeaders, durationMs } = row;
  return {
    attempt,
    statusCode,
    error,
    responseBody,
    responseHeaders,
    durationMs,
    startedAt: row.startedAt.toISOString(),
  };
}
