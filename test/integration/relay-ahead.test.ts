import { asc, eq, sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatherPublications } from '../../delivery/publish/publish-batcher.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { deliveries, dispatchCursors, endpoints, events } from '../../db/schema/index.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import { publicationOf } from '../support/publications.ts';
import { deliveredOutcome, failedOutcome, openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';
import { until } from '../support/until.ts';

// An event has its position when it is published, and is sent before its delivery is written.

let scene: RelayScene;
beforeEach(async () => {
  scene = await openRelayScene();
});
afterEach(() => scene.close());

const deliver = async (delivery: OutgoingDelivery) => deliveredOutcome(delivery);

/** Publishes one event of the merchant's own for each name, one after the other. */
async function publishEach(merchantId: MerchantId, names: readonly string[]) {
  const publish = gatherPublications(scene.db);
  for (const name of names) await publish(publicationOf(merchantId, [name]));
}

const feed = async () =>
  (await scene.db.select().from(events).orderBy(asc(events.position), asc(events.seq))).map(
    ({ resourceId, position }) => [resourceId, position],
  );

const areWritten = (endpointId: EndpointId, count: number) =>
  until(`${count} written deliveries`, async () => {
    const rows = await scene.deliveriesTo(endpointId);
    return rows.length === count && rows;
  });

const cursor = async () => (await scene.db.select().from(dispatchCursors))[0]?.position;

/** Counts what PostgreSQL does to deliveries from now on. */
async function countWrites(): Promise<() => Promise<Record<string, number>>> {
  await scene.db.execute(sql`create table writes (what text)`);
  await scene.db.execute(sql`
    create function count_write() returns trigger language plpgsql as
    $$ begin insert into writes values (tg_op); return null; end $$`);
  await scene.db.execute(sql`
    create trigger counted after insert or update on deliveries
    for each row execute function count_write()`);
  return async () => {
    const { rows } = await scene.db.execute<{ what: string; count: number }>(
      sql`select what, count(*)::int as count from writes group by what`,
    );
    return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
  };
}

describe('what is published', () => {
  test('has its position with the answer, once a relay has been there', async () => {
    const { merchantId } = await scene.newEndpoint();
    await scene.startRelay(deliver).stop();
    await publishEach(merchantId, ['a', 'b', 'c']);
    expect(await feed()).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
  });

  test('waits for its position behind what the same merchant has waiting, and nobody else does', async () => {
    const { merchantId } = await scene.newEndpoint();
    const other = await scene.newEndpoint();
    await scene.startRelay(deliver).stop();
    await scene.addEvents(merchantId, 1, { resourceId: 'long' });
    await publishEach(merchantId, ['after']);
    await publishEach(other.merchantId, ['others']);
    expect(await feed()).toEqual([
      ['others', 1],
      ['long', null],
      ['after', null],
    ]);
    scene.startRelay(deliver);
    await until('all have theirs', async () => (await cursor()) === 3);
    expect(await feed()).toEqual([
      ['others', 1],
      ['long', 2],
      ['after', 3],
    ]);
  });
});

describe('a delivery', () => {
  test('that arrives at once is one row, written once', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const writes = await countWrites();
    const relay = scene.startRelay(deliver);
    await until('the relay to be there', async () => (await cursor()) === 0);
    await publishEach(merchantId, ['a', 'b']);
    relay.wake();
    const rows = await areWritten(id, 2);
    const delivered = {
      status: 'delivered',
      attempts: 1,
      lastStatusCode: 204,
      nextAttemptAt: null,
    };
    expect(rows).toMatchObject([delivered, delivered]);
    expect(await writes()).toEqual({ INSERT: 2 });
    expect(await cursor()).toBe(2);
  });

  test('that does not arrive is seen to wait, and then to have arrived', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const held = scene.heldAttempts();
    const relay = scene.startRelay(held.attempt);
    await until('the relay to be there', async () => (await cursor()) === 0);
    await publishEach(merchantId, ['a']);
    relay.wake();
    await until('it is sent', () => held.begun.length === 1);
    expect(await areWritten(id, 1)).toMatchObject([{ status: 'pending', deliveryOwner: 'relay' }]);
    await held.releaseAll();
    await until('delivered', async () => {
      const [row] = await scene.deliveriesTo(id);
      return row?.status === 'delivered' && row.attempts === 1;
    });
  });

  test('that fails before it is written is written and retried by the workflow', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relay = scene.startRelay(async (delivery) => failedOutcome(delivery));
    await until('the relay to be there', async () => (await cursor()) === 0);
    await publishEach(merchantId, ['a']);
    relay.wake();
    await until('the workflow’s', async () => {
      const [row] = await scene.deliveriesTo(id);
      return row?.deliveryOwner === 'workflow' && row.attempts === 1 && row.status === 'pending';
    });
  });

  test('is written although its endpoint has changed since it was sent', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const held = scene.heldAttempts();
    const relay = scene.startRelay(held.attempt);
    await until('the relay to be there', async () => (await cursor()) === 0);
    // Nothing is written meanwhile: the endpoint is locked by whoever changes it.
    await scene.db.transaction(async (tx) => {
      await tx
        .update(endpoints)
        .set({ description: 'another', updatedAt: new Date(Date.now() + 1_000) })
        .where(eq(endpoints.id, id));
      await publishEach(merchantId, ['a']);
      relay.wake();
      await until('it is sent', () => held.begun.length === 1);
    });
    await held.releaseAll();
    await until('delivered', async () => {
      const rows = await scene.db.select().from(deliveries).where(eq(deliveries.endpointId, id));
      return rows.length === 1 && rows[0]?.status === 'delivered';
    });
    expect(held.begun).toHaveLength(1);
  });
});

test('publishers of several merchants share a statement, and what is wrong with one is only theirs', async () => {
  const merchants = await Promise.all([scene.newEndpoint(), scene.newEndpoint()]);
  const [one, two] = merchants.map(({ merchantId }) => merchantId) as [MerchantId, MerchantId];
  const publish = gatherPublications(scene.db);
  const same = { dedupeKey: 'the-key' };
  await publish(publicationOf(one, ['first'], same));
  const results = await Promise.all([
    publish(publicationOf(one, ['other content'], { ...same, data: { other: true } })),
    publish(publicationOf(one, ['beside'])),
    // The same key of another merchant is another event.
    publish(publicationOf(two, ['theirs'], same)),
    publish(publicationOf(two, ['theirs too'])),
  ]);
  expect(results.map(({ kind }) => kind)).toEqual([
    'keyReused',
    'published',
    'published',
    'published',
  ]);
  const owners = await scene.db.select().from(events);
  expect(owners.filter(({ merchantId }) => merchantId === one)).toHaveLength(2);
  expect(owners.filter(({ merchantId }) => merchantId === two)).toHaveLength(2);
});
