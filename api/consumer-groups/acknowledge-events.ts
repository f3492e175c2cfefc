import { createRoute, z } from '@hono/zod-openapi';
import { acknowledgeEvents } from '../../db/queries/acknowledge-events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { groupName } from '../events/event-schema.ts';
import { notFound, Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';
import { bodyProblems, cursorSchema, problemResponses } from '../schemas.ts';

const acknowledgementSchema = z
  .strictObject({
    leaseToken: z.string().regex(/^lease_[\w-]{1,64}$/, 'must be the leaseToken of a leased batch'),
    cursor: cursorSchema.openapi({ description: 'The `cursor` of the batch, or one within it' }),
  })
  .openapi('Acknowledgement');

const route = createRoute({
  method: 'post',
  path: '/v1/consumer-groups/{name}/acknowledge',
  operationId: 'acknowledgeEvents',
  tags: ['Events'],
  summary: 'Acknowledge events of a consumer group',
  description:
    'Moves the group forward to the cursor; the batch is done once all of it is acknowledged. Repeating the call changes nothing. It is refused if the lease ended and another member has the events: they are then processed twice.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ name: groupName }),
    body: { required: true, content: { 'application/json': { schema: acknowledgementSchema } } },
  },
  responses: {
    200: {
      description: 'The position of the group',
      content: { 'application/json': { schema: z.object({ cursor: cursorSchema }) } },
    },
    ...problemResponses(...bodyProblems, 'not-found', 'lease-lost', 'cursor-not-in-feed'),
  },
});

export function registerAcknowledgeEvents(app: App, { db, cursors }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { name } = c.req.valid('param');
    const { leaseToken, cursor } = c.req.valid('json');
    const { shard } = c.var.merchant;
    const result = await acknowledgeEvents(db, {
      merchantId: c.var.merchant.id,
      name,
      leaseToken,
      cursor: await cursors.read(shard, cursor),
    });
    switch (result.kind) {
      case 'noGroup':
        throw notFound('consumer group', name);
      case 'leaseLost':
        throw new Problem('lease-lost', `${leaseToken} is no longer the lease of the group.`);
      case 'beyondLease': {
        const message = `must not lie beyond the lease, which ends at ${result.leasePosition}`;
        throw refuseFields([{ in: 'body', field: '/cursor', message }]);
      }
      case 'acknowledged':
      case 'repeated':
        return c.json({ cursor: (await cursors.writer(shard))(result.position) }, 200);
    }
  });
}
