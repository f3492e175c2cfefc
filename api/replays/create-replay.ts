import { createRoute, z } from '@hono/zod-openapi';
import { startReplay } from '../../orchestration/start-replay.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { insertReplay } from '../../db/queries/replays.ts';
import type { Replay } from '../../db/queries/replays.ts';
import { eventPattern } from '../../domain/events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { createOnce } from '../idempotency.ts';
import { notFound, Problem } from '../problems.ts';
import { replayBody, replaySchema } from './replay-body.ts';
import {
  bodyProblems,
  endpointId,
  locationHeader,
  instantSchema,
  problemResponses,
} from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/replays',
  operationId: 'createReplay',
  tags: ['Endpoints'],
  summary: 'Send an endpoint past events again',
  description:
    '`recover` resends events that ended undelivered; `replay` sends every event of the period and types, delivered or not, also from before the endpoint existed. Pending deliveries are not sent twice. The replay is a job that can be read and stopped; receivers get the same `webhook-id` as the first time.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              endpointId,
              kind: z.enum(['replay', 'recover']),
              eventTypes: z
                .array(z.string().regex(eventPattern, 'must be a type, or a pattern like order.*'))
                .min(1)
                .max(50)
                .default(['*']),
              since: instantSchema,
              until: instantSchema.optional().openapi({ description: 'Now by default' }),
            })
            .openapi('NewReplay'),
        },
      },
    },
  },
  responses: {
    202: {
      description: 'The job',
      content: { 'application/json': { schema: replaySchema } },
      headers: locationHeader,
    },
    ...problemResponses(...bodyProblems, 'not-found', 'endpoint-not-enabled'),
  },
});

export function registerCreateReplay(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const merchantId = c.var.merchant.id;
    const { since, until, ...replayInput } = c.req.valid('json');
    const endpoint = await findEndpoint(deps.db, {
      merchantId,
      endpointId: replayInput.endpointId,
    });
    if (!endpoint) throw notFound('endpoint', replayInput.endpointId);
    if (endpoint.status === 'disabled' || endpoint.status === 'unverified') {
      throw new Problem('endpoint-not-enabled', `The endpoint is ${endpoint.status}.`);
    }
    const { resource, answer } = await createOnce(c, deps.db, async (db) => {
      const replay = await insertReplay(db, {
        merchantId,
        ...replayInput,
        since: new Date(since),
        until: until === undefined ? new Date() : new Date(until),
      });
      const location = `${deps.publicUrl}/v1/replays/${replay.id}`;
      return { resource: replay, status: 202, location, body: replayBody(replay) };
    });
    await startWorkflow(deps, resource);
    return answer as never;
  });
}

/** Stores a replay and starts its workflow. */
export async function beginReplay(
  deps: ApiDeps,
  replayInput: Parameters<typeof insertReplay>[1],
): Promise<Replay> {
  const replay = await insertReplay(deps.db, replayInput);
  await startWorkflow(deps, replay);
  return replay;
}

function startWorkflow(deps: ApiDeps, { id: replayId }: Replay): Promise<void> {
  return startReplay({ ...deps, replayId }).catch(
    leftToRecovery(deps.logger, 'a replay', { replayId }),
  );
}
