import { setTimeout as sleep } from 'node:timers/promises';
import { asc, eq } from 'drizzle-orm';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newEvent } from '../../db/queries/new-event.ts';
import { deliveries, events } from '../../db/schema/index.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { consumerGroup } from '../support/consumer-group.ts';
import { openStream } from '../support/event-stream.ts';
import { publishAll } from '../support/events.ts';
import type { Feed } from '../support/events.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** One thing a writer does: events of one resource, written together, and committed only after a while. */
type Write = { by: 'api' | 'transaction'; resource: number; size: number; holdMs: number };

const writes: fc.Arbitrary<Write> = fc.record({
  by: fc.constantFrom('api', 'transaction'),
  resource: fc.nat({ max: 3 }),
  size: fc.integer({ min: 1, max: 12 }),
  holdMs: fc.oneof(fc.constant(0), fc.nat({ max: 120 })),
});
const writers = fc.array(fc.array(writes, { minLength: 1, maxLength: 6 }), {
  minLength: 3,
  maxLength: 8,
});

/** Gives the ids in the order in which they were written. */
async function write(own: TestMerchant, { by, resource, size, holdMs }: Write): Promise<string[]> {
  const resourceId = `r${resource}`;
  if (by === 'api') {
    await sleep(holdMs);
    const event = { type: 'cart.changed', resourceId, data: { id: resourceId } };
    return publishAll(
      own,
      Array.from({ length: size }, () => event),
    );
  }
  // As the platform's own state changes are written: the ids are made first and committed last.
  const { merchantId } = own;
  const rows = Array.from({ length: size }, () =>
    newEvent({
      merchantId,
      shard: 0,
      resourceId,
      type: 'order.created',
      data: { id: resourceId },
      at: new Date(),
    }),
  );
  await world.db.transaction(async (tx) => {
    for (const row of rows) await tx.insert(events).values(row);
    await sleep(holdMs);
  });
  return rows.map(({ id }) => id);
}

test('push, long poll, stream and consumer group give the same events in the same order, whatever commits when', async () => {
  await fc.assert(
    fc.asyncProperty(writers, async (plan) => {
      const own = await world.newMerchant([]);
      const inbox = await startReceiver();
      const { body: endpoint } = await own.api<{ id: EndpointId }>('POST', '/v1/endpoints', {
        body: { url: inbox.url, ordering: 'resource' },
      });
      const group = consumerGroup(own, 'readers');
      await group.create();
      const stream = await openStream({ url: world.url, key: own.key, query: 'after=0' });
      const expected = plan.flat().reduce((total, { size }) => total + size, 0);
      const [written, polled, taken] = await Promise.all([
        Promise.all(
          plan.map(async (steps) => {
            const ids: string[][] = [];
            for (const step of steps) ids.push(await write(own, step));
            return ids;
          }),
        ),
        pollAll(own, expected),
        takeAll(group, expected),
      ]);
      await until('the stream', () => stream.messages.length >= expected);
      await until('the deliveries', () => inbox.received.length >= expected);
      const streamed = stream.messages.map(({ event }) => event.id);
      const cursors = stream.messages.map(({ id }) => Number(id));
      stream.leave();
      await inbox.stop();
      const pushed = await world.db
        .select({ id: deliveries.eventId })
        .from(deliveries)
        .where(eq(deliveries.endpointId, endpoint.id))
        .orderBy(asc(deliveries.position));

      expect(polled.toSorted()).toEqual(written.flat(2).toSorted());
      expect(streamed).toEqual(polled);
      expect(taken).toEqual(polled);
      expect(pushed.map(({ id }) => id)).toEqual(polled);
      expect(cursors).toEqual([...new Set(cursors)].toSorted((a, b) => a - b));
      // What was written together keeps its order, and so does what one writer wrote after another.
      for (const steps of written) {
        const wanted = new Set(steps.flat());
        expect(polled.filter((id) => wanted.has(id))).toEqual(steps.flat());
      }
      // The endpoint asked for the order of each resource, and received it.
      const received = inbox.received.map(({ event }) => event);
      for (const resource of new Set(received.map(({ data }) => data.id))) {
        const ids = received.filter(({ data }) => data.id === resource).map(({ id }) => id);
        expect(ids).toEqual(polled.filter((id) => ids.includes(id)));
      }
    }),
    { numRuns: 6 },
  );
});

/** Reads on, by long poll in small pages, until so many have come. */
async function pollAll({ api }: TestMerchant, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after = '0'; ids.length < count;) {
    const { body } = await api<Feed>('GET', `/v1/events?after=${after}&limit=7&wait=30`);
    ids.push(...body.data.map(({ id }) => id));
    after = body.nextCursor;
  }
  return ids;
}

/** Two members work together until so many have come. */
async function takeAll(
  { take, acknowledge }: ReturnType<typeof consumerGroup>,
  count: number,
): Promise<string[]> {
  const ids: string[] = [];
  const member = async () => {
    while (ids.length < count) {
      const batch = await take({ limit: 5, wait: 1 });
      ids.push(...batch.data.map(({ id }) => id));
      if (batch.leaseToken !== null) await acknowledge(batch);
    }
  };
  await Promise.all([member(), member()]);
  return ids;
}
