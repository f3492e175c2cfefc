import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import * as schema from './schema/index.ts';

export type Database = NodePgDatabase<typeof schema> & { $client: pg.Pool };

export type OpenDatabase = { db: Database; close(): Promise<void> };

/** Opens a pool. `onError` receives the errors of idle connections; the pool replaces them by itself. */
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
    // requests after a quiet period. With pg's default of ten seconds every quiet period would end so.
    idleTimeoutMillis: 600_000,
    // Keeps network devices from dropping an idle connection, and detects it if they do.
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    // Statements of one transaction may be pipelined; a connection never serves two callers at once.
    pipeline: true,
    application_name: 'tender',
  });
  pool.on('error', input.onError);
  const db = drizzle(pool, { schema, casing: 'snake_case' });
  return { db, close: () => pool.end() };
}

/**
 * The same on one connection, for a caller that holds locks on it. Taking another connection from the pool could
 * deadlock: its holders may wait for these locks.
 */
export function databaseOn(client: pg.ClientBase): Pick<Database, 'select'> {
  return drizzle(client as pg.Client, { schema, casing: 'snake_case' });
}
