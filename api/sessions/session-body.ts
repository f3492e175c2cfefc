import { z } from '@hono/zod-openapi';
import type { SessionRead } from '../../db/queries/messaging/read-session.ts';
import { sessionSnapshotOf } from '../../db/queries/messaging/session-snapshot.ts';
import { sessionStatuses } from '../../domain/session.ts';
import { timeSchema } from '../schemas.ts';

export const sessionSchema = z
  .object({
    id: z.string().openapi({ example: 'ses_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('session'),
    participants: z.array(z.string()),
    subject: z.string(),
    status: z.enum(sessionStatuses),
    messages: z
      .array(z.object({ id: z.string(), from: z.string(), body: z.unknown(), at: timeSchema }))
      .openapi({ description: 'In the order of `participants`, whichever was sent first' }),
    closesAt: timeSchema,
    endedAt: timeSchema.nullable(),
    createdAt: timeSchema,
  })
  .openapi('Session');

/** A session as both participants see it. */
export function sessionBody(read: SessionRead): z.infer<typeof sessionSchema> {
  return sessionSnapshotOf(read);
}
