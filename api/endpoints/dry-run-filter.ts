import { createRoute, z } from '@hono/zod-openapi';
import { findEvent } from '../../db/queries/find-event.ts';
import { workInSlices } from '../../db/work-in-slices.ts';
import { checkFilter, explainFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';
import type { EventId, MerchantId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';
import { bodyProblems, eventId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/filters/dry-run',
  operationId: 'dryRunFilter',
  tags: ['Endpoints'],
  summary: 'Test a filter against an event',
  description:
    'Tests an event from the body or a stored event, and returns the result of each condition.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .union([
              z.strictObject({ filter: z.unknown(), eventId }).openapi('FilterDryRunOfStoredEvent'),
              z
                .strictObject({
                  filter: z.unknown(),
                  event: z.record(z.string(), z.unknown()).openapi({
                    example: { type: 'order.paid', data: { amountMinor: 1250 } },
                  }),
                })
                .openapi('FilterDryRunOfGivenEvent'),
            ])
            .openapi('FilterDryRun'),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'Whether it matches, and why',
      content: {
        'application/json': {
          schema: z.object({
            matches: z.boolean(),
            conditions: z.array(
              z.object({
                path: z.string(),
                operator: z.string(),
                expected: z.unknown(),
                actual: z.unknown(),
                holds: z.boolean(),
              }),
            ),
          }),
        },
      },
    },
    ...problemResponses(...bodyProblems, 'not-found'),
  },
});

export function registerDryRunFilter(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const event = 'event' in body ? body.event : await storedEvent(deps, c.var.merchant.id, body);
    return c.json(await workInSlices(explainFilter(checked(body.filter), event)), 200);
  });
}

function checked(filter: unknown): Filter {
  const problems = checkFilter(filter);
  if (problems.length === 0) return filter as Filter;
  throw refuseFields(
    problems.map(({ path, message }) => ({ in: 'body', field: `/filter${path}`, message })),
  );
}

async function storedEvent(
  { db }: ApiDeps,
  merchantId: MerchantId,
  { eventId }: { eventId: EventId },
): Promise<unknown> {
  const found = await findEvent(db, { merchantId, eventId });
  if (!found) throw notFound('event', eventId);
  return JSON.parse(found.body);
}
