import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { isLockTimeout } from './database-errors.ts';

const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));
/** The migrations that `0000_initial` squashes. A database that has only some of them gets the rest first. */
const earlierFolder = fileURLToPath(new URL('migrations-before-0.1.0', import.meta.url));
/** The time of `0000_initial` in drizzle's journal: that of the last squashed migration. */
const initialMs = 1_795_949_346_962;

// An arbitrary advisory lock key that no other program uses: 'tender' in hexadecimal.
const migrationLock = 0x74656e646572;

// Waiting for an exclusive lock blocks all later users of the table. Shorter than deadlock_timeout (1 s), after which
// PostgreSQL looks for deadlocks, so that another's transaction is never the victim.
const lockTimeoutMs = 500;
const pauseMs = 500;
const mostTries = 120;

/**
 * Brings the schema up to date. Concurrent calls are safe: drizzle's migrator takes no lock, this does. If others use
 * the tables, it gives up as a whole and retries for about two minutes.
 */
export async function migrateDatabase({
  url,
  folder = migrationsFolder,
}: {
  url: string;
  folder?: string;
}): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'tender-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    for (let tries = 1; ; tries++) {
      try {
        await migrateAll(client, folder);
        return;
      } catch (error) {
        if (!isLockTimeout(error) || tries === mostTries) throw error;
        await sleep(pauseMs);
      }
    }
  } finally {
    await client.end();
  }
}

async function migrateAll(client: pg.Client, folder: string): Promise<void> {
  const lastMs = await lastMigrationMs(client);
  if (lastMs !== undefined && lastMs < initialMs) {
    await migrate(drizzle(client), { migrationsFolder: earlierFolder });
  }
  await migrate(drizzle(client), { migrationsFolder: folder });
}

/** The time of the latest migration in this database; undefined for a new database. */
async function lastMigrationMs(client: pg.Client): Promise<number | undefined> {
  const { rows: known } = await client.query(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as has_any`,
  );
  if (!known[0].has_any) return undefined;
  const { rows } = await client.query(
    'select max(created_at) as last from drizzle.__drizzle_migrations',
  );
  return rows[0].last === null ? undefined : Number(rows[0].last);
}
