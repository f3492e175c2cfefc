import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateDatabase } from '../../db/migrate.ts';
import { ownDatabase } from '../support/own-database.ts';
import { until } from '../support/until.ts';

let database: Awaited<ReturnType<typeof ownDatabase>>;
let folder: string;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await ownDatabase();
  folder = await mkdtemp(join(tmpdir(), 'tender-migrations-'));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  clients.push(client);
  await client.connect();
  return client;
}

/** A later release's migration, which needs a table for itself. */
async function writeMigration(statement: string): Promise<void> {
  await mkdir(join(folder, 'meta'));
  await writeFile(join(folder, '9999_later.sql'), statement);
  const entry = { idx: 0, version: '7', when: 9e12, tag: '9999_later', breakpoints: true };
  await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify({ entries: [entry] }));
}

describe('a migration that waits for a table', () => {
  test('does not hold up those who use it, and is made when they are done', async () => {
    await writeMigration('ALTER TABLE "merchants" ADD COLUMN "later" text');
    const [holder, other] = [await connect(), await connect()];
    await holder.query('begin');
    await holder.query('select from merchants');
    const migrated = migrateDatabase({ url: database.url, folder });
    await until('the migration to wait', async () => {
      const { rows } = await other.query(
        `select from pg_stat_activity where application_name = 'tender-migrate'
          and wait_event_type = 'Lock' and query like 'ALTER%'`,
      );
      return rows.length > 0;
    });
    // It gets its turn although the one that the migration waits for goes on.
    await other.query(`set statement_timeout = '20s'`);
    await other.query('select from merchants');
    await holder.query('commit');
    await migrated;
    const { fields } = await other.query('select later from merchants');
    expect(fields.map(({ name }) => name)).toEqual(['later']);
  });
});
