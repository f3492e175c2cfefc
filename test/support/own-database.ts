import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

/** A database of this test file's own, cloned from the migrated template, or empty. */
export async function ownDatabase({ isEmpty = false } = {}): Promise<{
  url: string;
  drop(): Promise<void>;
}> {
  const { postgresUrl } = inject('services');
  const template = isEmpty ? 'template0' : new URL(postgresUrl).pathname.slice(1);
  const name = `t_${randomBytes(6).toString('hex')}`;
  await admin(postgresUrl, `create database ${name} template ${template}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(postgresUrl, `drop database ${name} with (force)`) };
}

async function admin(postgresUrl: string, statement: string): Promise<void> {
  const url = new URL(postgresUrl);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    // Two files cloning the template at once exclude each other: take turns.
    await client.query('select pg_advisory_lock(1)');
    await client.query(statement);
  } finally {
    await client.end();
  }
}
