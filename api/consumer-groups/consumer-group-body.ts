import type { z } from '@hono/zod-openapi';
import type { ConsumerGroup } from '../../db/queries/consumer-groups.ts';
import type { consumerGroupSchema } from '../events/event-schema.ts';

/** A consumer group as the API returns it. */
export function consumerGroupBody(
  group: ConsumerGroup,
  cursorAt: (position: number) => string,
): z.infer<typeof consumerGroupSchema> {
  const { leaseUntil } = group;
  const isLeased = leaseUntil !== null && leaseUntil > new Date();
  return {
    name: group.name,
    object: 'consumer_group',
    eventTypes: group.eventTypes,
    filter: group.filter,
    cursor: cursorAt(group.position),
    leasedUntil: isLeased ? leaseUntil.toISOString() : null,
    acknowledgedAt: group.acknowledgedAt?.toISOString() ?? null,
    createdAt: group.createdAt.toISOString(),
  };
}
