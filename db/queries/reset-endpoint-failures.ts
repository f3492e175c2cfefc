import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import { endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';

/** One successful delivery resets an endpoint's failures. */
export const resetFailures = sql`
  update ${endpoints} set ${bare(endpoints.failingSince)} = null
  where ${endpoints.id} = any(${sql.placeholder('endpoints')}::text[])
    and ${endpoints.failingSince} is not null`;

export const resetEndpointFailures = statement<Record<string, never>, { endpoints: string[] }>(
  'reset_endpoint_failures',
  () => resetFailures,
);
