import { asc } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gatherPublications } from '../../delivery/publish/publish-batcher.ts';
import { insertMerchant } from '../../db/queries/merchants.ts';
import type { Publication } from '../../db/queries/publish-events.ts';
import { events, eventTypeDefinitions } from '../../db/schema/index.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { publicationOf as ofMerchant } from '../support/publications.ts';
import type { PublicationSettings } from '../support/publications.ts';
import { openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';
import { until } from '../support/until.ts';

// Requests that come at the same moment share a statement, and nothing else.

let scene: RelayScene;
let merchantId: MerchantId;
beforeEach(async () => {
  scene = await openRelayScene();
  merchantId = (await insertMerchant(scene.db, { name: 'Publisher', shard: 0 })).id;
});
afterEach(() => scene.close());

const publicationOf = (names: readonly string[], settings?: PublicationSettings) =>
  ofMerchant(merchantId, names, settings);

test('everyone who publishes at once is answered with their own events, and all of them are there', async () => {
  const publish = gatherPublications(scene.db);
  const publications = Array.from({ length: 120 }, (_, n) => publicationOf([`a${n}`, `b${n}`]));
  const results = await Promise.all(publications.map((one) => publish(one)));
  for (const [n, result] of results.entries()) {
    if (result.kind !== 'published') throw new Error(result.kind);
    expect(result.events.map(({ event }) => event.id)).toEqual(
      publications[n]!.events.map(({ id }) => id),
    );
    expect(result.events.every(({ isNew }) => isNew)).toBe(true);
  }
  const rows = await scene.db.select().from(events).orderBy(asc(events.seq));
  expect(rows).toHaveLength(240);
  // Two events of one request stand in its order.
  for (const { events: pair } of publications) {
    const places = pair.map(({ id }) => rows.findIndex((row) => row.id === id));
    expect(places[0]).toBeLessThan(places[1]!);
  }
});

test('one that cannot be written takes nobody with it', async () => {
  const publish = gatherPublications(scene.db);
  // A type that is registered meanwhile makes what was checked before stale.
  await scene.db
    .insert(eventTypeDefinitions)
    .values({ merchantId, name: 'cart.left', schema: null });
  const results = await Promise.all([
    publish(publicationOf(['first'])),
    ...Array.from({ length: 5 }, () => publish(publicationOf(['stale']))),
  ]);
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['staleTypes']));
  const other = gatherPublications(scene.db);
  const mixed = await Promise.all([
    other({ ...publicationOf(['fine']), types: [] }),
    other({ ...publicationOf(['fine']), types: [] }),
    other(publicationOf(['stale'])),
    other({ ...publicationOf(['fine']), types: [] }),
  ]);
  expect(mixed.map(({ kind }) => kind)).toEqual([
    'published',
    'published',
    'staleTypes',
    'published',
  ]);
});

test('one key published by many at once is one event, and everyone is answered with it', async () => {
  const publish = gatherPublications(scene.db);
  const many = Array.from({ length: 20 }, () =>
    publish(publicationOf(['once'], { dedupeKey: 'the-key', data: { same: true } })),
  );
  const beside = publish(publicationOf(['beside']));
  const results = await Promise.all(many);
  const answered = results.map((result) => {
    if (result.kind !== 'published') throw new Error(result.kind);
    return result.events[0]!;
  });
  expect(new Set(answered.map(({ event }) => event.id)).size).toBe(1);
  expect(answered.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect((await beside).kind).toBe('published');
  expect(await scene.db.select().from(events)).toHaveLength(2);
});

test('publishers of the same keys in two orders are both answered', async () => {
  const ofKeys = (keys: readonly string[]): Publication => {
    const all = keys.map((dedupeKey) =>
      publicationOf(['same'], { dedupeKey, data: { dedupeKey } }),
    );
    return { ...all[0]!, events: all.flatMap(({ events: some }) => some) };
  };
  const [first, second] = [gatherPublications(scene.db), gatherPublications(scene.db)];
  const holder = await scene.db.$client.connect();
  const held = ofKeys(['held']).events[0]!;
  await holder.query('begin');
  await holder.query(
    `insert into events (id, merchant_id, shard, type, resource_id, body, dedupe_key)
     values ($1, $2, 0, 'cart.left', 'same', '{}', 'held')`,
    [held.id, merchantId],
  );
  // Each has written its first key and waits for the one in the middle; then for the other's first.
  const publishing = Promise.all([
    first(ofKeys(['a', 'held', 'b'])),
    second(ofKeys(['b', 'held', 'a'])),
  ]);
  await until('both wait', async () => (await waitingForLocks()) === 2);
  await holder.query('rollback');
  holder.release();
  const answered = (await publishing).flatMap((result) => {
    if (result.kind !== 'published') throw new Error(result.kind);
    return result.events;
  });
  expect(answered.filter(({ isNew }) => isNew)).toHaveLength(3);
  expect(await scene.db.select().from(events)).toHaveLength(3);
});

async function waitingForLocks(): Promise<number> {
  const { rows } = await scene.db.$client.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where wait_event_type = 'Lock' and datname = current_database()`,
  );
  return rows[0]!.count;
}
