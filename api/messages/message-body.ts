import { z } from '@hono/zod-openapi';
import { exchangeSnapshotOf, exchangeStatuses } from '../../domain/exchange.ts';
import { qualities } from '../../domain/delivery.ts';
import type { Message } from '../../db/queries/messaging/create-request.ts';
import { timeSchema } from '../schemas.ts';

export const messageSchema = z
  .object({
    id: z.string().openapi({ example: 'msg_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('message'),
    pattern: z.literal('request'),
    from: z.string(),
    to: z.string(),
    messageKey: z.string().nullable(),
    subject: z.string(),
    qos: z.enum(qualities),
    status: z.enum(exchangeStatuses),
    body: z.unknown(),
    reply: z
      .object({
        body: z.unknown(),
        via: z.enum(['answer', 'post']).nullable().openapi({
          description: '`answer`: the HTTP response to the request; `post`: a call of this API',
        }),
        repliedAt: timeSchema.nullable(),
      })
      .nullable(),
    lateReply: z.object({ body: z.unknown() }).nullable().openapi({
      description: 'The first reply after the deadline; it does not change the status',
    }),
    replyBy: timeSchema,
    createdAt: timeSchema,
  })
  .openapi('Message');

/** A request as both participants see it. */
export function messageBody(message: Message): z.infer<typeof messageSchema> {
  return exchangeSnapshotOf(message);
}
