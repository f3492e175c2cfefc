import { eq, gt, inArray } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepFeedEpochs } from '../../db/queries/feed-epochs.ts';
import { deliveries, dispatchCursors, dispatchShards, events } from '../../db/schema/index.ts';
import { feedEpochs } from '../../db/schema/feed-epochs.ts';
import { topicMessages } from '../../db/schema/messaging.ts';
import type { TopicId } from '../../domain/ids.ts';
import { openStream } from '../support/event-stream.ts';
import { publishAll, readFeed } from '../support/events.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ hasWorker: false });
  // As a relay leaves it: from then on publishers give the positions.
  await world.db.insert(dispatchShards).values({ shard: 0 });
});
afterAll(() => world.close());

type Refusal = { type: string; restartAfter: string };
const carts = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ type: 'cart.changed', data: { n } }));

/** Every place where a reader names a place in the feed. */
const ways: Record<string, (merchant: TestMerchant, cursor: string) => Promise<[number, Refusal]>> =
  {
    async 'a page'({ api }, cursor) {
      const { status, body } = await api<Refusal>('GET', `/v1/events?after=${cursor}`);
      return [status, body];
    },
    async 'a stream'({ api }, cursor) {
      const { status, body } = await api<Refusal>('GET', `/v1/events/stream?after=${cursor}`);
      return [status, body];
    },
    async 'a stream that comes back'({ api }, cursor) {
      const { status, body } = await api<Refusal>('GET', '/v1/events/stream', {
        headers: { 'last-event-id': cursor },
      });
      return [status, body];
    },
    async 'a new consumer group'({ api }, cursor) {
      const { status, body } = await api<Refusal>('POST', '/v1/consumer-groups', {
        body: { name: 'g', from: cursor },
      });
      return [status, body];
    },
    async 'an acknowledgement'({ api }, cursor) {
      await api('POST', '/v1/consumer-groups', { body: { name: 'acknowledging' } });
      const { body: batch } = await api<{ leaseToken: string }>(
        'POST',
        '/v1/consumer-groups/acknowledging/take',
        { body: {} },
      );
      const { status, body } = await api<Refusal>(
        'POST',
        '/v1/consumer-groups/acknowledging/acknowledge',
        { body: { leaseToken: batch.leaseToken ?? 'lease_x', cursor } },
      );
      return [status, body];
    },
  };

describe.each(Object.entries(ways))('by %s', (_, ask) => {
  test('a place that was never given out is refused, naming where to go on', async () => {
    const merchant = await world.newMerchant([]);
    await publishAll(merchant, carts(2));
    const { cursor: end } = await readFeed(merchant);
    const [status, refusal] = await ask(merchant, '999999999');
    expect([status, refusal.type]).toEqual([410, expect.stringContaining('cursor-not-in-feed')]);
    expect(Number(refusal.restartAfter)).toBeGreaterThanOrEqual(Number(end));
  });
});

/** The log as it was at a place, in a database that is another copy: as a restored one. */
async function restoreTo(position: number): Promise<void> {
  const { db } = world;
  const lost = db.select({ id: events.id }).from(events).where(gt(events.position, position));
  await db.delete(deliveries).where(inArray(deliveries.eventId, lost));
  await db.delete(events).where(gt(events.position, position));
  await db.update(dispatchShards).set({ lastPosition: position });
  await db.update(dispatchCursors).set({ position });
  await db.update(feedEpochs).set({ identity: { system: 'another' } });
  expect(await keepFeedEpochs(db, { shards: [0] })).toEqual({ begun: [0] });
  // Every process has heard of it by then.
  await new Promise((done) => setTimeout(done, 2_100));
}

test('a restored database tells its readers apart: who knows no more than it has goes on, the others begin again where it was cut', async () => {
  const merchant = await world.newMerchant([]);
  await publishAll(merchant, carts(3));
  const { cursor: kept } = await readFeed(merchant);
  await publishAll(merchant, carts(3));
  const { cursor: lost } = await readFeed(merchant);

  await restoreTo(Number(kept));
  // As many events again: the lost place is within the log, and in the middle of others.
  const ids = await publishAll(merchant, carts(5));

  for (const [way, ask] of Object.entries(ways)) {
    if (way === 'an acknowledgement') continue;
    const [status, refusal] = await ask(merchant, lost);
    expect([way, status]).toEqual([way, 410]);
    // Written as cursors are from now on.
    expect(refusal.restartAfter).toMatch(new RegExp(`^${kept}-[0-9a-z]{6}$`));
    const again = await readFeed(merchant, { after: refusal.restartAfter });
    expect(again.events.map(({ id }) => id)).toEqual(ids);
  }
  const goesOn = await readFeed(merchant, { after: kept });
  expect(goesOn.events.map(({ id }) => id)).toEqual(ids);
  expect(goesOn.cursor).toMatch(/^\d+-[0-9a-z]{6}$/);

  const stream = await openStream({
    url: world.url,
    key: merchant.key,
    query: `after=${goesOn.cursor}`,
  });
  const [next] = await publishAll(merchant, carts(1));
  await until('the next event', () => stream.messages.length === 1);
  expect(stream.messages[0]?.event.id).toBe(next);
  expect(stream.lastEventId()).toMatch(/-[0-9a-z]{6}$/);
  stream.leave();
});

test('a topic refuses places that it never had, and those that a restore has cut off', async () => {
  const merchant = await world.newMerchant([]);
  const { body: topic } = await merchant.api<{ id: TopicId }>('POST', '/v1/topics', {
    body: { name: 'prices' },
  });
  await merchant.api('PUT', `/v1/topics/${topic.id}/members/${merchant.merchantId}`, { body: {} });
  const say = async (body: string) => {
    const { status } = await merchant.api('POST', `/v1/topics/${topic.id}/messages`, {
      body: { body },
    });
    expect(status).toBe(201);
  };
  const read = async (after: string) => {
    const { status, body } = await merchant.api<
      Refusal & { data: { body: string }[]; nextCursor: string }
    >('GET', `/v1/topics/${topic.id}/messages?after=${after}`);
    return { status, ...body };
  };
  await say('one');
  const { nextCursor: kept } = await read('0');
  await say('two');
  const { nextCursor: lost } = await read(kept);
  expect((await read('99')).status).toBe(410);

  await world.db.delete(topicMessages).where(eq(topicMessages.seq, 2));
  await keepFeedEpochs(world.db, { shards: [0], isRestored: true });
  await new Promise((done) => setTimeout(done, 2_100));
  await world.db.insert(topicMessages).values({
    ...(await world.db.select().from(topicMessages).where(eq(topicMessages.seq, 1)))[0]!,
    seq: 2,
    body: JSON.stringify('another two'),
    createdAt: new Date(),
  });
  const refused = await read(lost);
  expect(refused.status).toBe(410);
  expect((await read(refused.restartAfter)).data.map(({ body }) => body)).toEqual(['another two']);
});

test('looking whether the log was cut waits for nobody who publishes', async () => {
  await world.db.transaction(async (publisher) => {
    await publisher.select().from(dispatchShards).for('update');
    expect(await keepFeedEpochs(world.db, { shards: [0] })).toEqual({ begun: [] });
  });
});
