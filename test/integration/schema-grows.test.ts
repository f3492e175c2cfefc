import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nothingIsStuck, runAllFlows } from '../support/all-flows.ts';
import { keptLog } from '../support/log-lines.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What a process that runs sees of a later release's migration: columns that it does not know.

const { logger, lines } = keptLog();
let world: World;
let merchant: TestMerchant;
let receiver: Receiver;

beforeAll(async () => {
  world = await openWorld({ logger });
  merchant = await world.newMerchant();
  receiver = await startReceiver();
  await merchant.api('POST', '/v1/endpoints', { body: { url: receiver.url, eventTypes: ['*'] } });
});

afterAll(async () => {
  await receiver?.stop();
  await world?.close();
});

type Column = { table: string; name: string };

async function columnsOfEveryTable(): Promise<Map<string, string[]>> {
  const { rows } = await world.db.execute<Column>(sql`
    select columns.table_name as "table", columns.column_name as name
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and tables.table_type = 'BASE TABLE'`);
  const tables = new Map<string, string[]>();
  for (const { table, name } of rows) tables.set(table, [...(tables.get(table) ?? []), name]);
  return tables;
}

async function addColumns(table: string, columns: readonly SQL[]): Promise<void> {
  const added = columns.map((column) => sql`add column ${column}`);
  await world.db.execute(sql`alter table ${sql.identifier(table)} ${sql.join(added, sql`, `)}`);
}

/** A column that may be null, and one that may not. */
async function addUnknownColumns(): Promise<void> {
  for (const table of (await columnsOfEveryTable()).keys())
    await addColumns(table, [sql`grown_note text`, sql`grown_kind text not null default 'none'`]);
}

/** Each column's name of any table, in every table that has none of it: no name says by itself which one it is of. */
async function addColumnsOfOtherTables(): Promise<void> {
  const tables = await columnsOfEveryTable();
  const names = new Set([...tables.values()].flat());
  for (const [table, own] of tables)
    await addColumns(
      table,
      [...names]
        .filter((name) => !own.includes(name))
        .map((name) => sql`${sql.identifier(name)} text`),
    );
}

describe('while the schema grows', { timeout: 240_000 }, () => {
  test.each([
    ['columns that no process knows', addUnknownColumns],
    ['columns of the same names as other tables have', addColumnsOfOtherTables],
  ])('every table gets %s, and what runs goes on without an error', async (_, grow) => {
    const flow = { world, merchant, receiver, doors: { write: merchant.api, read: merchant.api } };
    // Statements are prepared, and their plans kept, before the columns come.
    for (let round = 0; round < 2; round++) await runAllFlows(flow);
    await grow();
    for (let round = 0; round < 2; round++) await runAllFlows(flow);
    await nothingIsStuck(world);
    expect(lines).toEqual([]);
  });
});
