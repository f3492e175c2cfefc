import { z } from '@hono/zod-openapi';
import type { Replay } from '../../db/queries/replays.ts';
import { timeSchema } from '../schemas.ts';

export const replaySchema = z
  .object({
    id: z.string(),
    object: z.literal('replay'),
    endpointId: z.string(),
    kind: z.enum(['replay', 'recover']),
    eventTypes: z.array(z.string()),
    since: timeSchema,
    until: timeSchema,
    status: z.enum(['running', 'done', 'cancelled']),
    lookedAt: z.int().openapi({ description: 'Events of the period examined so far' }),
    queued: z.int().openapi({ description: 'Events queued for delivery' }),
    createdAt: timeSchema,
    endedAt: timeSchema.nullable(),
  })
  .openapi('Replay');

export function replayBody(row: Replay): z.infer<typeof replaySchema> {
  const { id, endpointId, kind, eventTypes, status, lookedAt, queued } = row;
  return {
    id,
    object: 'replay',
    endpointId,
    kind,
    eventTypes,
    status,
    lookedAt,
    queued,
    since: row.since.toISOString(),
    until: row.until.toISOString(),
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}
