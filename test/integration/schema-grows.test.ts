import { sql } from 'drizzle-orm';
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

async function growEveryTable(): Promise<void> {
  const { rows } = await world.db.execute<{ name: string }>(sql`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name`);
  for (const { name } of rows)
    await world.db.execute(sql`alter table ${sql.identifier(name)} add column grown_note text,
      add column grown_kind text not null default 'unknown'`);
}

describe('while the schema grows', { timeout: 240_000 }, () => {
  test('every table gets new columns, and what runs goes on without an error', async () => {
    const flow = { world, merchant, receiver, doors: { write: merchant.api, read: merchant.api } };
    // Statements are prepared, and their plans kept, before the columns come.
    for (let round = 0; round < 2; round++) await runAllFlows(flow);
    await growEveryTable();
    for (let round = 0; round < 2; round++) await runAllFlows(flow);
    await nothingIsStuck(world);
    expect(lines).toEqual([]);
  });
});
