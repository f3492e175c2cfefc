import { createRoute, z } from '@hono/zod-openapi';
import { startExchange } from '../../orchestration/start-exchange.ts';
import { createRequest } from '../../db/queries/messaging/create-request.ts';
import { isEndpoint } from '../../db/queries/messaging/find-participant.ts';
import { qualities } from '../../domain/delivery.ts';
import { refuseTarget } from '../../delivery/send/target-guard.ts';
import type { ApiDeps, App } from '../deps.ts';
import { contentHashOf } from '../idempotency.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { refuseFields } from '../refuse-fields.ts';
import { resourceEndpoint } from '../endpoints/resource-endpoint.ts';
import { bodyProblems, locationHeader, problemResponses, textUpTo } from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForReply } from './get-message.ts';
import { keyOf, keyReused } from './key-of.ts';
import { messageBody, messageSchema } from './message-body.ts';
import {
  addressSchema,
  bodySchema,
  keyHeaders,
  ownKey,
  subjectSchema,
} from './messaging-schemas.ts';
import { participantAt } from './participant-at.ts';

const answer = {
  content: { 'application/json': { schema: messageSchema } },
  headers: locationHeader,
};

const newMessage = z
  .strictObject({
    pattern: z.literal('request'),
    to: addressSchema.openapi({
      description:
        'An endpoint gets an HTTP request and replies with a 2xx response `{"reply": …}`. A merchant gets the event `message.request` and replies with `POST /v1/messages/{messageId}/reply`',
    }),
    subject: subjectSchema,
    body: bodySchema,
    qos: z.enum(qualities).optional().openapi({
      description:
        '`at_most_once`: one attempt at an endpoint. `at_least_once`: attempts until it responds',
    }),
    callbackUrl: textUpTo(2_048).optional().openapi({
      description:
        'Gets the event `message.reply` or `message.expired` of this request only, signed with `GET /v1/signing-secret`',
    }),
    replyWithinSeconds: z.int().min(1).max(604_800).default(60),
    messageKey: ownKey.openapi({
      description: 'Your own key for the request: sending it again returns the existing request',
    }),
  })
  .openapi('NewMessage');

const route = createRoute({
  method: 'post',
  path: '/v1/messages',
  operationId: 'sendMessage',
  tags: ['Messaging'],
  summary: 'Send a request',
  description:
    'With `Prefer: wait=N` the response waits for the reply. Otherwise read the reply with `GET /v1/messages/{messageId}?wait=N` or from the event `message.reply`; after the deadline comes `message.expired`.',
  security: [{ apiKey: [] }],
  request: {
    headers: keyHeaders,
    body: { required: true, content: { 'application/json': { schema: newMessage } } },
  },
  responses: {
    200: { description: 'The same request exists already', ...answer },
    201: { description: 'The request; `status` shows whether it has a reply', ...answer },
    ...problemResponses(
      ...bodyProblems,
      'not-found',
      'idempotency-key-reused',
      'target-not-allowed',
    ),
  },
});

export function registerSendMessage(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const newRequest = c.req.valid('json');
    const headers = c.req.valid('header');
    const merchantId = c.var.merchant.id;
    const { qos = 'at_least_once', callbackUrl: url } = newRequest;
    refuseCallback(deps, url);
    const to = await participantAt(deps.db, { merchantId, address: newRequest.to });
    if (qos === 'at_most_once' && !isEndpoint(to.address)) {
      // A merchant's endpoints set their own quality of service for events.
      const message = 'at_most_once is for requests to one endpoint';
      throw refuseFields([{ in: 'body', field: '/qos', message }]);
    }
    const result = await createRequest(deps.db, {
      merchantId,
      to,
      messageKey: keyOf(newRequest.messageKey, headers),
      contentHash: contentHashOf(newRequest),
      subject: newRequest.subject,
      body: JSON.stringify(newRequest.body),
      replyWithinSeconds: newRequest.replyWithinSeconds,
      qos,
      callback: await resourceEndpoint(deps, { merchantId, url }),
    });
    if (result.kind === 'keyReused') throw keyReused();
    const { message } = result;
    if (message.status === 'pending') {
      startExchange({ ...deps, message }).catch(
        leftToRecovery(deps.logger, 'a request', { messageId: message.id }),
      );
    }
    const latest = await waitForReply(deps, {
      merchantId,
      messageId: message.id,
      timeoutMs: parseWaitMs(headers.prefer, 0),
      caller: c.var.endOfWait(),
    });
    c.header('location', `${deps.publicUrl}/v1/messages/${message.id}`);
    return c.json(messageBody(latest ?? message), result.kind === 'existing' ? 200 : 201);
  });
}

function refuseCallback({ allowPrivateTargets }: ApiDeps, url: string | undefined): void {
  const message = url && refuseTarget(url, { allowPrivate: allowPrivateTargets });
  if (message)
    throw refuseFields([{ in: 'body', field: '/callbackUrl', message }], 'target-not-allowed');
}
