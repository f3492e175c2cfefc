import { and, asc, eq, sql } from 'drizzle-orm';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { initialWindow, newCongestion } from '../../domain/congestion.ts';
import { findStalled } from '../../db/queries/find-stalled.ts';
import { resetEndpointFailures } from '../../db/queries/reset-endpoint-failures.ts';
import { handOver } from '../../db/queries/hand-over.ts';
import { listEvents } from '../../db/queries/list-events.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { releaseEndpoint, saveCongestion } from '../../db/queries/due-deliveries.ts';
import { returnToRelay } from '../../db/queries/return-to-relay.ts';
import {
  deliveries,
  deliveryAttempts,
  dispatchCursors,
  dispatchShards,
  endpoints,
} from '../../db/schema/index.ts';
import { events } from '../../db/schema/events.ts';
import type { EndpointId, EventId, MerchantId } from '../../domain/ids.ts';
import {
  deliveredOutcome,
  eventOf,
  failedOutcome,
  openRelayScene,
} from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';
import { until } from '../support/until.ts';

// The relay itself over a real database, without Temporal: what it claims, in which order, and for whom.

let scene: RelayScene;
beforeEach(async () => {
  scene = await openRelayScene();
});
afterEach(() => scene.close());

const deliver = async (delivery: OutgoingDelivery) => deliveredOutcome(delivery);

const positions = async () =>
  (await scene.db.select().from(events).orderBy(asc(events.position))).map(({ id, position }) => ({
    id,
    position,
  }));

const isNumbered = (count: number) =>
  until(`${count} numbered events`, async () => {
    const numbered = (await positions()).filter(({ position }) => position !== null);
    return numbered.length === count;
  });

const areDelivered = (endpointId: EndpointId, count: number) =>
  until(`${count} deliveries`, async () => {
    const rows = await scene.deliveriesTo(endpointId);
    return rows.filter(({ status }) => status === 'delivered').length === count;
  });

async function ownerOf(id: EndpointId) {
  const [row] = await scene.db.select().from(endpoints).where(eq(endpoints.id, id));
  return row?.deliveryOwner;
}

describe('the feed', () => {
  test('numbers events only once they are committed: no gap appears behind a reader', async () => {
    const { merchantId } = await scene.newEndpoint();
    const slow = new pg.Client({ connectionString: scene.url });
    slow.on('error', () => {});
    await slow.connect();
    // Written before all others, and not committed yet.
    const late = eventOf(merchantId, 0);
    await slow.query('begin');
    await slow.query(
      `insert into events (id, merchant_id, shard, type, resource_id, body, created_at)
       values ($1, $2, 0, $3, $4, $5, now())`,
      [late.id, merchantId, late.type, late.resourceId, late.body],
    );
    const committed = await scene.addEvents(merchantId, 5);
    const relay = scene.startRelay(deliver);
    await isNumbered(5);
    const before = await listEvents(scene.db, {
      merchantId,
      after: 0,
      patterns: ['*'],
      limit: 10,
    });
    expect(before.events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);

    await slow.query('commit');
    await slow.end();
    relay.wake();
    await isNumbered(6);
    // Whoever had read up to 5 finds the late one behind their cursor, and nothing else.
    expect(await positions()).toEqual(
      [...committed, late.id].map((id, index) => ({ id, position: index + 1 })),
    );
  });

  test('stays dense and complete under writers that commit in any order', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relay = scene.startRelay(deliver);
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 10; round++) {
        await scene.db.transaction(async (tx) => {
          await tx.insert(events).values(eventOf(merchantId, writer * 100 + round));
          await tx.insert(events).values(eventOf(merchantId, writer * 100 + round + 50));
        });
        relay.wake();
      }
    });
    await Promise.all(writers);
    await areDelivered(id, 160);
    expect((await positions()).map(({ position }) => position)).toEqual(
      Array.from({ length: 160 }, (_, index) => index + 1),
    );
  });

  test('of two relays at once, only one numbers: nothing twice, no hole', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relays = [scene.startRelay(deliver), scene.startRelay(deliver)];
    await scene.addEvents(merchantId, 1_200);
    for (const relay of relays) relay.wake();
    await areDelivered(id, 1_200);
    expect((await positions()).map(({ position }) => position)).toEqual(
      Array.from({ length: 1_200 }, (_, index) => index + 1),
    );
    const ends = await Promise.all(relays.map((relay) => relay.stop()));
    expect(ends.toSorted()).toEqual(['fenced', 'stopped']);
  });
});

describe('deliveries whose commit fails', () => {
  /** Lets every statement through and refuses the commit, for as long as it stands. */
  async function refuseCommits(): Promise<() => Promise<void>> {
    await scene.db.execute(sql`
      create function refuse_commit() returns trigger language plpgsql as
      $$ begin raise exception 'the disk is full'; end $$`);
    await scene.db.execute(sql`
      create constraint trigger refused after insert on deliveries
      deferrable initially deferred for each row execute function refuse_commit()`);
    return async () => void (await scene.db.execute(sql`drop trigger refused on deliveries`));
  }

  /** A relay that takes `count` events up and fails to commit that; what it had sent, and how to send. */
  async function failWith({ merchantId, count }: { merchantId: MerchantId; count: number }) {
    const allow = await refuseCommits();
    const sent: EventId[] = [];
    const attempt = (delivery: OutgoingDelivery) => {
      sent.push(delivery.eventId);
      return deliver(delivery);
    };
    const failing = scene.startRelay(attempt);
    const added = await scene.addEvents(merchantId, count);
    failing.wake();
    await expect(failing.ended).rejects.toThrow('the disk is full');
    return { allow, sent, attempt, added };
  }

  test('ends the relay, and its events are sent again and counted once', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const { allow, sent, attempt, added } = await failWith({ merchantId, count: 2 });
    expect(await scene.deliveriesTo(id)).toEqual([]);
    await allow();
    scene.startRelay(attempt);
    await areDelivered(id, 2);
    expect(sent.slice(-2)).toEqual(added);
    expect((await positions()).map(({ position }) => position)).toEqual([1, 2]);
  });

  test('has sent nothing of what may be sent only once', async () => {
    const rules = [{ eventTypes: ['*'], qos: 'at_most_once' as const }];
    const { id, merchantId } = await scene.newEndpoint({ rules });
    const { allow, sent, attempt, added } = await failWith({ merchantId, count: 1 });
    await allow();
    scene.startRelay(attempt);
    await areDelivered(id, 1);
    expect(sent).toEqual(added);
  });
});

describe('a relay that takes over', () => {
  test('carries what the dead one claimed and did not finish', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const dead = scene.heldAttempts();
    scene.startRelay(dead.attempt);
    const added = await scene.addEvents(merchantId, 100);
    await until('the dead one holds some', () => dead.begun.length === initialWindow);

    const carried: EventId[] = [];
    scene.startRelay((delivery) => {
      carried.push(delivery.eventId);
      return deliver(delivery);
    });
    await areDelivered(id, 100);
    expect(carried.toSorted()).toEqual(added.toSorted());
  });

  test('makes the earlier one stop: it begins nothing more, and numbers nothing more', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const old = scene.heldAttempts();
    const fenced = scene.startRelay(old.attempt);
    await scene.addEvents(merchantId, 100);
    await until('the old one holds some', () => old.begun.length === initialWindow);
    scene.startRelay(deliver);
    await areDelivered(id, 100);
    fenced.wake();
    expect(await fenced.ended).toBe('fenced');

    // The receiver lets go of what the old one had begun: that is all it was ever sent by it.
    await old.releaseAll();
    await scene.addEvents(merchantId, 1);
    await areDelivered(id, 101);
    expect(old.begun).toHaveLength(initialWindow);
    const rows = await scene.deliveriesTo(id);
    expect(new Set(rows.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    const [[shard], [cursor]] = await Promise.all([
      scene.db.select().from(dispatchShards),
      scene.db.select().from(dispatchCursors),
    ]);
    expect([shard?.lastPosition, cursor?.position, cursor?.epoch]).toEqual([101, 101, 2]);
  });

  test('takes over after a stop as well: what had not begun is not lost', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const first = scene.heldAttempts();
    const stopped = scene.startRelay(first.attempt);
    await scene.addEvents(merchantId, 100);
    await until('some are under way', () => first.begun.length === initialWindow);
    const ended = stopped.stop();
    await first.releaseAll();
    expect(await ended).toBe('stopped');
    expect(first.begun).toHaveLength(initialWindow);
    scene.startRelay(deliver);
    await areDelivered(id, 100);
  });
});

describe('a failing endpoint', () => {
  test('that fails once is in the care of its workflow, and so is what comes after', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relay = scene.startRelay(async (delivery) => failedOutcome(delivery));
    await scene.addEvents(merchantId, 1);
    await until('the workflow’s', async () => (await ownerOf(id)) === 'workflow');
    await scene.addEvents(merchantId, 2);
    relay.wake();
    await until('three deliveries', async () => (await scene.deliveriesTo(id)).length === 3);
    const rows = await scene.deliveriesTo(id);
    expect(
      rows.map(({ deliveryOwner, status, attempts }) => ({ deliveryOwner, status, attempts })),
    ).toEqual([
      { deliveryOwner: 'workflow', status: 'pending', attempts: 1 },
      { deliveryOwner: 'workflow', status: 'pending', attempts: 0 },
      { deliveryOwner: 'workflow', status: 'pending', attempts: 0 },
    ]);
    expect(rows[0]).toMatchObject({ lastStatusCode: 500 });
    await until('told again', () => relay.failing.length >= 2);
    expect(new Set(relay.failing)).toEqual(new Set([id]));
    const attempts = await scene.db.select().from(deliveryAttempts);
    expect(attempts).toMatchObject([
      { eventId: rows[0]?.eventId, attempt: 1, statusCode: 500, responseBody: 'sorry' },
    ]);
  });

  test('that the relay has closed is closed for its workflow too, which need not look before', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relay = scene.startRelay(async (delivery) => failedOutcome(delivery));
    await scene.addEvents(merchantId, 5);
    relay.wake();
    await until('all the workflow’s', async () => {
      const rows = await scene.deliveriesTo(id);
      return rows.length === 5 && rows.every(({ deliveryOwner }) => deliveryOwner === 'workflow');
    });
    const [endpoint] = await scene.db.select().from(endpoints).where(eq(endpoints.id, id));
    expect(endpoint?.congestion).toMatchObject({ window: 0, failures: 3 });
    expect(endpoint?.congestion?.probeAtMs).toBeGreaterThan(Date.now());
    expect(relay.notBeforeMs.get(id)).toBe(endpoint?.congestion?.probeAtMs);
  });

  test('that was closed for longer in the meantime is not opened by an old call that fails', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const held = scene.heldAttempts();
    const relay = scene.startRelay(async (delivery) => {
      await held.attempt(delivery);
      return { ...failedOutcome(delivery), retryAfterMs: 5_000 };
    });
    await scene.addEvents(merchantId, 1);
    relay.wake();
    await until('under way', () => held.begun.length === 1);
    const congestion = {
      ...newCongestion,
      window: 0,
      failures: 9,
      losses: 9,
      probeAtMs: Date.now() + 60_000,
    };
    await saveCongestion(scene.db, { endpointId: id, congestion });
    await held.releaseAll();
    await until('written', async () => (await ownerOf(id)) === 'workflow');
    const [endpoint] = await scene.db.select().from(endpoints).where(eq(endpoints.id, id));
    expect(endpoint?.congestion).toEqual(congestion);
  });

  test('whose workflow looks after it is not what the relay thinks of it', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const congestion = { ...newCongestion, window: 0, failures: 3, losses: 3 };
    await scene.addEvents(merchantId, 1);
    const [{ eventId } = {}] = await scene.db
      .select({ eventId: events.id })
      .from(events)
      .where(eq(events.merchantId, merchantId));
    const given = { endpointId: id, eventIds: [eventId!], congestion: newCongestion };
    await handOver(scene.db, [given]);
    await saveCongestion(scene.db, { endpointId: id, congestion });
    await handOver(scene.db, [given]);
    const [endpoint] = await scene.db.select().from(endpoints).where(eq(endpoints.id, id));
    expect(endpoint).toMatchObject({ deliveryOwner: 'workflow', congestion });
  });

  test('is handed back only when nothing is outstanding', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    scene.startRelay(async (delivery) => failedOutcome(delivery));
    await scene.addEvents(merchantId, 1);
    await until('the workflow’s', async () => (await ownerOf(id)) === 'workflow');
    expect(await releaseEndpoint(scene.db, { endpointId: id })).toEqual({ isReleased: false });
    expect(await ownerOf(id)).toBe('workflow');
    await scene.db.update(deliveries).set({ status: 'dead' }).where(eq(deliveries.endpointId, id));
    expect(await releaseEndpoint(scene.db, { endpointId: id })).toEqual({ isReleased: true });
    expect(await ownerOf(id)).toBe('relay');
  });

  test('that is well again has new events from the relay, while its workflow keeps what waits', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    let isDown = true;
    const relay = scene.startRelay(async (delivery) =>
      isDown ? failedOutcome(delivery) : deliveredOutcome(delivery),
    );
    // More than it takes to close the relay's own queue.
    await scene.addEvents(merchantId, 5);
    await until('all the workflow’s', async () => {
      const rows = await scene.deliveriesTo(id);
      return rows.length === 5 && rows.every(({ deliveryOwner }) => deliveryOwner === 'workflow');
    });
    await returnToRelay(scene.db, { endpointId: id });
    expect(await ownerOf(id)).toBe('workflow');

    isDown = false;
    await saveCongestion(scene.db, { endpointId: id, congestion: newCongestion });
    await resetEndpointFailures(scene.db, { endpoints: [id] });
    await returnToRelay(scene.db, { endpointId: id });
    expect(await ownerOf(id)).toBe('relay');
    await scene.addEvents(merchantId, 3);
    relay.wake();
    await areDelivered(id, 3);
    const rows = await scene.deliveriesTo(id);
    expect(rows.map(({ deliveryOwner, status }) => `${deliveryOwner} ${status}`)).toEqual([
      ...Array.from({ length: 5 }, () => 'workflow pending'),
      ...Array.from({ length: 3 }, () => 'relay delivered'),
    ]);

    // Should its workflow be lost, the recovery job still finds what it had before it.
    const found = () => findStalled(scene.db, { graceSeconds: 60 });
    expect((await found()).endpoints).toEqual([]);
    await scene.db
      .update(deliveries)
      .set({ nextAttemptAt: sql`now() - interval '10 minutes'` })
      .where(and(eq(deliveries.endpointId, id), eq(deliveries.status, 'pending')));
    expect((await found()).endpoints).toEqual([id]);
  });

  test('that hangs under thousands of events is handed over, and others do not notice', async () => {
    const hanging = await scene.newEndpoint();
    const healthy = await scene.newEndpoint();
    const held = scene.heldAttempts();
    const relay = scene.startRelay((delivery) =>
      delivery.endpoint.id === hanging.id ? held.attempt(delivery) : deliver(delivery),
    );
    await scene.addEvents(hanging.merchantId, 3_000);
    relay.wake();
    await until('handed over', async () => (await ownerOf(hanging.id)) === 'workflow');
    expect(relay.failing).toContain(hanging.id);
    // Its workflow is not to find out by two more calls at once what the relay knows.
    const [known] = await scene.db.select().from(endpoints).where(eq(endpoints.id, hanging.id));
    expect(known?.congestion).toMatchObject({ window: 1, probeAtMs: 0 });
    // All the while a queue's worth of calls hang at the one; the other is served at once.
    await scene.addEvents(healthy.merchantId, 20);
    relay.wake();
    await areDelivered(healthy.id, 20);
    expect(held.begun).toHaveLength(initialWindow);

    await until(
      'all of it claimed',
      async () => (await scene.deliveriesTo(hanging.id)).length === 3_000,
    );
    const rows = await scene.deliveriesTo(hanging.id);
    const [forRelay, forWorkflow] = ['relay', 'workflow'].map(
      (owner) => rows.filter((row) => row.deliveryOwner === owner).length,
    );
    // What hangs is still the relay's, and nothing else is.
    expect([forRelay, forWorkflow]).toEqual([initialWindow, 3_000 - initialWindow]);
    await held.releaseAll();
    await areDelivered(hanging.id, initialWindow);
  });

  test('that hang by the hundred, with a few events each, do not hold up others either', async () => {
    const hanging = await Promise.all(Array.from({ length: 150 }, () => scene.newEndpoint()));
    const hangs = new Set(hanging.map(({ id }) => id));
    const healthy = await scene.newEndpoint();
    const held = scene.heldAttempts();
    const relay = scene.startRelay((delivery) =>
      hangs.has(delivery.endpoint.id) ? held.attempt(delivery) : deliver(delivery),
    );
    await Promise.all(hanging.map(({ merchantId }) => scene.addEvents(merchantId, 10)));
    relay.wake();
    await until('all of them hang', () => held.begun.length === initialWindow * hanging.length);
    await scene.addEvents(healthy.merchantId, 20);
    relay.wake();
    await areDelivered(healthy.id, 20);
    // What waited is in the care of workflows, each told of; what hangs is still the relay’s.
    await until('all told', () => new Set(relay.failing).size === hangs.size);
    expect(new Set(relay.failing)).toEqual(hangs);
    const rows = await scene.db.select().from(deliveries).where(eq(deliveries.status, 'pending'));
    expect(rows.filter(({ deliveryOwner }) => deliveryOwner === 'relay')).toHaveLength(
      held.begun.length,
    );
    expect(rows).toHaveLength(10 * hanging.length);
    await held.releaseAll();
  });
});
