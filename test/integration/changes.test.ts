import { afterEach, beforeEach, expect, test } from 'vitest';
import { openChanges } from '../../db/changes.ts';
import type { Changes } from '../../db/changes.ts';
import { openDatabase } from '../../db/database.ts';
import type { OpenDatabase } from '../../db/database.ts';
import { ownDatabase } from '../support/own-database.ts';
import { until } from '../support/until.ts';

// One connection listens for a whole process, to what somebody waits for.

let database: Awaited<ReturnType<typeof ownDatabase>>;
let open: OpenDatabase;
let changes: Changes;
beforeEach(async () => {
  database = await ownDatabase();
  open = openDatabase({ url: database.url, maxConnections: 2, onError: () => {} });
  changes = await openChanges({ url: database.url });
});
afterEach(async () => {
  await changes.close();
  await open.close();
  await database.drop();
});

const notify = (channel: string, payload: string) =>
  open.db.$client.query('select pg_notify($1, $2)', [channel, payload]);

/** What the listening connection last said. */
async function lastSaid(): Promise<string | undefined> {
  const { rows } = await open.db.$client.query<{ query: string }>(
    `select query from pg_stat_activity
     where application_name = 'tender-listen' and datname = current_database()`,
  );
  return rows[0]?.query;
}

/** Subscribes; says how often it was told. */
function countOf(channel: 'tender_feed' | 'tender_orders', key: string) {
  const heard = { count: 0, stop: () => {} };
  heard.stop = changes.subscribe(channel, key, () => heard.count++);
  return heard;
}

test('nothing is listened to before somebody waits, and whoever waits is told to look at once', async () => {
  expect(await lastSaid()).toBe('');
  const feed = countOf('tender_feed', '0');
  await until('told', () => feed.count === 1);
  expect(await lastSaid()).toBe('listen tender_feed');
  // Those who come later find it listening, and are not told in vain.
  const second = countOf('tender_feed', '0');
  const other = countOf('tender_feed', '1');
  await notify('tender_feed', '0');
  await until('told', () => feed.count === 2 && second.count === 1);
  expect(other.count).toBe(0);
});

test('who has stopped is told nothing more', async () => {
  const stopped = countOf('tender_orders', 'ord_1');
  const waiting = countOf('tender_orders', 'ord_1');
  await until('told', () => waiting.count === 1);
  stopped.stop();
  await notify('tender_orders', 'ord_1');
  await until('told', () => waiting.count === 2);
  expect(stopped.count).toBe(1);
});

test('a connection that breaks listens again to all of it, and everyone is told to look', async () => {
  const feed = countOf('tender_feed', '0');
  const order = countOf('tender_orders', 'ord_1');
  await until('told', () => feed.count === 1 && order.count === 1);
  await open.db.$client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'tender-listen' and datname = current_database()`,
  );
  await until('told to look', () => feed.count === 2 && order.count === 2);
  await notify('tender_orders', 'ord_1');
  await until('told', () => order.count === 3);
  expect(feed.count).toBe(2);
});
