import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import * as schema from './schema/index.ts';

export type Database = NodePgDatabase<typeof schema> & { $client: pg.Pool };

export type OpenDatabase = { db: Database; close(): Promise<void> };

/** Opens a pool. `onError` hears of idle connections that broke; the pool replaces them by itself. */
export function openDatabase(input: {
  url: string;
  maxConnections: number;
  onError: (error: Error) => void;
}): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: input.url,
    max: input.maxConnections,
    connectionTimeoutMillis: 10_000,
    // A new connection costs a process, a handshake and the plan of every statement: some hundred ms for the first
    // who come after a quiet moment. pg's own ten seconds would make every quiet moment one of those.
    idleTimeoutMillis: 600_000,
    // What lies between must not forget a quiet connection, nor hide that it did.
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    // Statements of one transaction may travel together; one connection never serves two callers at once.
    pipeline: true,
    application_name: 'tender',
  });
  pool.on('error', input.onError);
  const db = drizzle(pool, { schema, casing: 'snake_case' });
  return { db, close: () => pool.end() };
}

/**
 * The same on one connection, for whoever holds locks there: one who waited for another connection of the pool then
 * would wait for those who wait for these locks.
 */
export function databaseOn(client: pg.ClientBase): Pick<Database, 'select'> {
  return drizzle(client as pg.Client, { schema, casing: 'snake_case' });
}
