import { createRoute, z } from '@hono/zod-openapi';
import { findMessage } from '../../db/queries/messaging/find-message.ts';
import type { MerchantId, MessageId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { problemResponses, waitQuery } from '../schemas.ts';
import { waitFor } from '../wait-for.ts';
import { messageBody, messageSchema } from './message-body.ts';
import { messageId } from './messaging-schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/messages/{messageId}',
  operationId: 'getMessage',
  tags: ['Messaging'],
  summary: 'Read a request, or wait for its reply',
  security: [{ apiKey: [] }],
  request: { params: z.object({ messageId }), query: z.strictObject({ wait: waitQuery }) },
  responses: {
    200: {
      description: 'The request; with `wait`, as soon as it ends',
      content: { 'application/json': { schema: messageSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetMessage(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { messageId } = c.req.valid('param');
    const message = await waitForReply(deps, {
      merchantId: c.var.merchant.id,
      messageId,
      timeoutMs: c.req.valid('query').wait * 1_000,
      caller: c.var.endOfWait(),
    });
    if (!message) throw notFound('message', messageId);
    return c.json(messageBody(message), 200);
  });
}

/** Waits until the request ends or the timeout passes, and returns it. */
export function waitForReply(
  { db, changes }: Pick<ApiDeps, 'db' | 'changes'>,
  input: { merchantId: MerchantId; messageId: MessageId; timeoutMs: number; caller: AbortSignal },
) {
  return waitFor({
    subscribe: (onChange) => changes.subscribe('tender_messaging', input.messageId, onChange),
    timeoutMs: input.timeoutMs,
    caller: input.caller,
    read: () => findMessage(db, input),
    isEnough: (message) => message?.status !== 'pending',
  });
}
