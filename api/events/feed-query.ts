import { z } from '@hono/zod-openapi';
import { eventPattern } from '../../domain/events.ts';
import { readJson } from '../../domain/read-json.ts';
import { channelName, filterSchema, resourceIdSchema } from './event-schema.ts';
import type { FeedWanted } from './read-feed.ts';

export const patternSchema = z
  .string()
  .regex(eventPattern, 'must be types like order.paid,order.*');

const list = <S extends z.ZodType<unknown, string>>(item: S) =>
  z
    .string()
    .max(4_096)
    .transform((text) => text.split(','))
    .pipe(z.array(item).max(50));

export const typesQuery = list(patternSchema)
  .optional()
  .openapi({ type: 'string', example: 'order.paid,order.closed' });

export const resourcesQuery = list(resourceIdSchema);

/** The query parameters that select events of the feed, for long polls and streams. */
export const feedQuery = {
  types: typesQuery,
  channels: list(channelName).optional().openapi({
    type: 'string',
    description: 'Only events that were published to one of these channels',
  }),
  resourceId: resourceIdSchema.optional().openapi({ description: 'Only events of this resource' }),
  filter: z.string().max(8_192).transform(readFilter).pipe(filterSchema).optional().openapi({
    type: 'string',
    description: 'A filter in the language of `docs/reference/filters.md`, as JSON',
    example: '{"data.amountMinor":{"$gte":10000}}',
  }),
};

const querySchema = z.object(feedQuery);

export function feedWanted(query: z.infer<typeof querySchema>): FeedWanted {
  const { types = ['*'], channels = [], resourceId, filter } = query;
  return { patterns: types, channels, resourceId, filter };
}

function readFilter(text: string, context: z.RefinementCtx): unknown {
  const reading = readJson(text);
  if (reading.kind === 'value') return reading.value;
  const message =
    reading.kind === 'malformed'
      ? `must be JSON: ${reading.reason}`
      : `${reading.problem.path} ${reading.problem.message}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
