import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));

// Any number no other program uses: 'tender' in hexadecimal.
const migrationLock = 0x74656e646572;

/** Brings the schema up to date. Any number of processes may do it at once: drizzle's migrator takes no lock, this does. */
export async function migrateDatabase({ url }: { url: string }): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'tender-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrate(drizzle(client), { migrationsFolder });
  } finally {
    await client.end();
  }
}
