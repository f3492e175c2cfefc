import { z } from '@hono/zod-openapi';
import { deepestBody } from '../../domain/exchange.ts';
import { isId } from '../../domain/ids.ts';
import { pointerSteps, refuseJson } from '../../domain/json-value.ts';
import type { Address } from '../../domain/participant.ts';
import { idempotencyKeySchema } from '../idempotency.ts';
import { idSchema, plainText } from '../schemas.ts';

/** The common fields of all messaging routes. */
export const messagingRoute = { tags: ['Messaging'], security: [{ apiKey: [] }] };

export const merchantId = idSchema('merchant', 'mer_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const messageId = idSchema('message', 'msg_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const sessionId = idSchema('session', 'ses_01jd3v9k7q2m5x8r4t6w0y1z3c');
export const topicId = idSchema('topic', 'top_01jd3v9k7q2m5x8r4t6w0y1z3c');

export const addressSchema = z
  .custom<Address>(
    (value) => typeof value === 'string' && (isId('merchant', value) || isId('endpoint', value)),
    { error: 'must be the id of a merchant (mer_…) or of an endpoint (ep_…)' },
  )
  .openapi({ type: 'string', example: 'mer_01jd3v9k7q2m5x8r4t6w0y1z3c' });

export const asSchema = addressSchema
  .optional()
  .openapi({ description: 'Which of your participants acts, if you have several' });

export const subjectSchema = plainText(128).openapi({ example: 'stock.reserve' });

export const ownKey = plainText(200).optional();

/** Any JSON value that every JSON parser represents exactly. The request limit bounds its size. */
export const bodySchema = z
  .custom<unknown>((value) => value !== undefined, 'must be a JSON value')
  .superRefine((value, context) => {
    const problem = refuseJson(value, { maxDepth: deepestBody });
    if (!problem) return;
    context.addIssue({
      code: 'custom',
      path: pointerSteps(problem.path),
      message: problem.message,
    });
  })
  .openapi({ type: 'object', description: 'Any JSON value', example: { cups: 2 } });

export const keyHeaders = z.object({
  'idempotency-key': idempotencyKeySchema
    .optional()
    .openapi({ description: 'The same key and body return the existing resource' }),
  prefer: z.string().optional().openapi({ example: 'wait=10' }),
});
