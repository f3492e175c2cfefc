import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase } from '../../db/migrate.ts';
import { ownDatabase } from '../support/own-database.ts';

// `db/migrations/0000_initial.sql` is the migrations before 0.1.0, squashed into one.

const earlier = fileURLToPath(new URL('../../db/migrations-before-0.1.0', import.meta.url));
const initial = fileURLToPath(new URL('../../db/migrations', import.meta.url));

const databases: { drop(): Promise<void> }[] = [];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-squashed-'));
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  await rm(folder, { recursive: true });
});

async function emptyDatabase(): Promise<string> {
  const database = await ownDatabase({ isEmpty: true });
  databases.push(database);
  return database.url;
}

/** Runs a folder's migrations, the first `count` of them. */
async function migrateBy(url: string, source: string, count = Infinity): Promise<void> {
  const own = await mkdtemp(join(folder, 'some-'));
  await cp(source, own, { recursive: true });
  const path = join(own, 'meta', '_journal.json');
  const journal = JSON.parse(await readFile(path, 'utf8')) as { entries: object[] };
  await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }));
  await inDatabase(url, (client) => migrate(drizzle(client), { migrationsFolder: own }));
}

async function inDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const catalogue = {
  columns: `select table_name, column_name, data_type, udt_name, is_nullable, column_default,
      is_identity, is_generated, collation_name, numeric_precision
    from information_schema.columns where table_schema = 'public' order by 1, 2`,
  tables: `select relname, relkind, reloptions, relpersistence from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S') order by 1`,
  indexes: `select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1`,
  constraints: `select conrelid::regclass::text as of, conname, pg_get_constraintdef(oid) as definition
    from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2`,
  functions: `select proname, pg_get_functiondef(oid) as definition from pg_proc
    where pronamespace = 'public'::regnamespace order by 1`,
  triggers: `select tgname, pg_get_triggerdef(oid) as definition from pg_trigger
    where not tgisinternal order by 1`,
};

async function schemaOf(url: string) {
  return inDatabase(url, async (client) => {
    const found: Record<string, unknown[]> = {};
    for (const [kind, query] of Object.entries(catalogue)) {
      found[kind] = (await client.query(query)).rows;
    }
    return found;
  });
}

test('the squashed migration makes the schema that its parts made', async () => {
  const [squashed, parts] = [await emptyDatabase(), await emptyDatabase()];
  await migrateBy(squashed, initial, 1);
  await migrateBy(parts, earlier);
  const [made, wanted] = [await schemaOf(squashed), await schemaOf(parts)];
  expect(Object.values(wanted).every((rows) => rows.length > 5)).toBe(true);
  expect(made).toEqual(wanted);
});

test.each([1, 22, 29])('a database that has the first %i parts gets the rest', async (count) => {
  const [upgraded, fresh] = [await emptyDatabase(), await emptyDatabase()];
  await migrateBy(upgraded, earlier, count);
  await migrateDatabase({ url: upgraded });
  await migrateDatabase({ url: fresh });
  expect(await schemaOf(upgraded)).toEqual(await schemaOf(fresh));
});
