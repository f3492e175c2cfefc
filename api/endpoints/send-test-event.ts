import { createRoute, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { Merchant } from '../../db/queries/merchants.ts';
import { newEvent } from '../../db/queries/new-event.ts';
import { events } from '../../db/schema/events.ts';
import type { Transaction } from '../../db/transaction.ts';
import type { ApiDeps, App } from '../deps.ts';
import { createOnce } from '../idempotency.ts';
import { notFound } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints/{endpointId}/test',
  operationId: 'sendTestEvent',
  tags: ['Endpoints'],
  summary: 'Send an endpoint a test event',
  description:
    'Sends an `endpoint.test` event to this endpoint only, whatever its subscription: signed, formatted and retried like any other. `GET /v1/deliveries?eventId=` shows its delivery.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    202: {
      description: 'The event is queued',
      content: {
        'application/json': { schema: z.object({ eventId: z.string(), type: z.string() }) },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerSendTestEvent(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId } = c.req.valid('param');
    const endpoint = await findEndpoint(deps.db, { merchantId: c.var.merchant.id, endpointId });
    if (!endpoint) throw notFound('endpoint', endpointId);
    const { answer } = await createOnce(c, deps.db, async (db) => {
      const event = await insertTestEvent(db, { merchant: c.var.merchant, endpoint });
      return { resource: event, status: 202, body: { eventId: event.id, type: event.type } };
    });
    return answer as never;
  });
}

/** Writes the test event of an endpoint. */
export async function insertTestEvent(
  db: Database | Transaction,
  { merchant, endpoint }: { merchant: Merchant; endpoint: Endpoint },
) {
  const event = newEvent({
    merchantId: merchant.id,
    shard: merchant.shard,
    type: 'endpoint.test',
    resourceId: endpoint.id,
    data: { id: endpoint.id, object: 'endpoint', url: endpoint.url },
    at: new Date(),
  });
  await db.insert(events).values(event);
  return event;
}
