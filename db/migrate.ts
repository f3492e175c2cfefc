import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { isLockTimeout } from './database-errors.ts';

const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));
/** What `0000_initial` was made of. A database that has some of it gets the rest first. */
const earlierFolder = fileURLToPath(new URL('migrations-before-0.1.0', import.meta.url));
/** When `0000_initial` was made, as drizzle's journal has it: the time of the last of the earlier ones. */
const initialMs = 1_795_949_346_962;

// Any number no other program uses: 'tender' in hexadecimal.
const migrationLock = 0x74656e646572;

// Whoever waits for a lock that shuts all others out holds up whoever comes after it. Less than PostgreSQL waits
// before it looks for a deadlock (deadlock_timeout, 1 s), so that it is never another's transaction that ends.
const lockTimeoutMs = 500;
const pauseMs = 500;
const mostTries = 120;

/**
 * Brings the schema up to date. Any number of processes may do it at once: drizzle's migrator takes no lock, this
 * does. Where others use the tables it gives way to them, all or nothing, and tries again for about two minutes.
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

/** When the latest migration that this database has was made; undefined for a new database. */
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
