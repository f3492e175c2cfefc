import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';

/** A process's connection, with the ids of its keys; empty if its release does not report them. */
export type SeenProcess = { address: string; since: Date; keyIds: string[] };

const prefix = 'tender-listen';

/**
 * The application_name of the connection that a process always holds: PostgreSQL shows it to others, and removes it
 * when the process ends. It has room for 63 bytes: five keys.
 */
export const listenerName = (keyIds: readonly string[]) =>
  [prefix, ...keyIds.slice(0, 5)].join(' ');

/** The running processes and their keys, the sealing one first. */
export async function listSeenKeys(db: Database): Promise<SeenProcess[]> {
  const { rows } = await db.execute<{ name: string; address: string; since: Date }>(sql`
    select application_name as name, coalesce(host(client_addr), 'local') || ':' || client_port as address,
      backend_start as since
    from pg_stat_activity
    where datname = current_database() and application_name like ${`${prefix}%`}
    order by backend_start`);
  return rows.map(({ name, address, since }) => ({
    address,
    since: new Date(since),
    keyIds: name.split(' ').slice(1),
  }));
}
