import { Client, DatabaseError } from 'pg';

const DUPLICATE_DATABASE = '42P04';
/** If two processes create the database at the same moment, the later one violates the unique index. */
const UNIQUE_VIOLATION = '23505';

/** Creates the database of a URL if it is missing; returns true if it was created. */
export async function ensureDatabase({ url }: { url: string }): Promise<boolean> {
  const maintenanceUrl = new URL(url);
  const database = decodeURIComponent(maintenanceUrl.pathname.slice(1));
  maintenanceUrl.pathname = '/postgres';
  const client = new Client({ connectionString: maintenanceUrl.href });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount) return false;
    await client.query(`create database ${client.escapeIdentifier(database)}`);
    return true;
  } catch (error) {
    if (!isAlreadyCreated(error)) throw error;
    return false;
  } finally {
    await client.end();
  }
}

function isAlreadyCreated(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === DUPLICATE_DATABASE || error.code === UNIQUE_VIOLATION;
}
