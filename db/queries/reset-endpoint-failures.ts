import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import { endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';

/** One delivery that arrives ends the time in which an endpoint has done nothing but fail. */
export const resetFailures = sql`
  update ${endpoints} set ${bare(endpoints.failingSince)} = null
  where ${endpoints.id} = any(${sql.placeholder('endpoints')}::text[])
    and ${endpoints.failingSince} is not null`;

export const resetEndpointFailures = statement<Record<string, never>, { endpoints: string[] }>(
  'reset_endpoint_failures',
  () => resetFailures,
);
