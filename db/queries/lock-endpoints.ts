import { sql } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import { endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';
import type { Endpoint } from './endpoints.ts';

export type LockedEndpoint = {
  id: EndpointId;
  updatedAt: Date;
  /** Who delivers new events; null if the endpoint accepts none. */
  nextOwner: Endpoint['deliveryOwner'] | null;
  /** Its workflow should run at once. A closed one continues by itself, so a signal would only cost. */
  needsSignal: boolean;
  /** Its last attempts have failed. */
  isFailing: boolean;
};

/** Who delivers new events. A paused endpoint's events wait with its workflow. */
export const nextOwner = sql`case ${endpoints.status} when 'enabled' then ${endpoints.deliveryOwner}
  when 'paused' then 'workflow' end`;

/**
 * Blocks a change of the delivery owner until these deliveries are visible to it. Locks in the order of ids, as the
 * writers of outcomes do.
 */
export const lockEndpoints = statement<
  LockedEndpoint,
  { endpointIds: string[]; resourceIds: string[] }
>(
  'lock_endpoints',
  () => sql`
  select id, updated_at as "updatedAt", ${nextOwner} as "nextOwner",
    status = 'enabled' and coalesce((congestion ->> 'probeAtMs')::float8, 0)
      <= extract(epoch from now()) * 1000 as "needsSignal",
    failing_since is not null as "isFailing"
  from ${endpoints}
  where id = any(${sql.placeholder('endpointIds')}::text[])
    or resource_id = any(${sql.placeholder('resourceIds')}::text[])
  order by id for share`,
);
