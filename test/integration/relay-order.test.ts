import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { disableEndpoints } from '../../db/queries/disable-endpoints.ts';
import {
  dropExpired,
  dueDeliveries,
  outstandingDeliveries,
} from '../../db/queries/due-deliveries.ts';
import { recordAttempts } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { deliveries, dispatchCursors, endpoints, events } from '../../db/schema/index.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import { deliveredOutcome, failedOutcome, openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';
import { until } from '../support/until.ts';

// What an endpoint asks for besides the event: order, urgency, freshness, and only some of it.

let scene: RelayScene;
beforeEach(async () => {
  scene = await openRelayScene();
});
afterEach(() => scene.close());

const deliver = async (delivery: OutgoingDelivery) => deliveredOutcome(delivery);

const areClaimed = (endpointId: EndpointId, count: number) =>
  until(`${count} deliveries`, async () => {
    const rows = await scene.deliveriesTo(endpointId);
    return rows.length === count && rows;
  });

const areEnded = (endpointId: EndpointId, count: number) =>
  until(`${count} ended deliveries`, async () => {
    const rows = await scene.deliveriesTo(endpointId);
    return rows.filter(({ status }) => status !== 'pending').length === count && rows;
  });

const pauseEndpoint = (id: EndpointId) =>
  scene.db
    .update(endpoints)
    .set({ status: 'paused', updatedAt: new Date() })
    .where(eq(endpoints.id, id));

describe('an endpoint that asks for order', () => {
  test('gets one resource’s events one after the other, others’ beside them', async () => {
    const { id, merchantId } = await scene.newEndpoint({ ordering: 'resource' });
    const [a1] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    const [a2] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    const [b1] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_b' });
    const held = scene.heldAttempts();
    scene.startRelay(held.attempt);
    await until('two begun', () => held.begun.length === 2);
    expect(held.begun).toEqual([a1, b1]);
    await held.releaseAll();
    await until('the third begun', () => held.begun.length === 3);
    expect(held.begun).toEqual([a1, b1, a2]);
    await held.releaseAll();
    await areEnded(id, 3);
  });

  test('does not get a resource’s later events before the failed one, in nobody’s hands', async () => {
    const { id, merchantId } = await scene.newEndpoint({ ordering: 'resource' });
    const [a1] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    const [a2] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    const [b1] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_b' });
    const sent: EventId[] = [];
    const relay = scene.startRelay(async (delivery) => {
      sent.push(delivery.eventId);
      return delivery.eventId === a1 ? failedOutcome(delivery, { delayMs: 0 }) : deliver(delivery);
    });
    await until('the failure is written', async () => {
      const [row] = await scene.deliveriesTo(id);
      return row?.attempts === 1;
    });
    const [a3] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    relay.wake();
    await areClaimed(id, 4);
    expect(sent).toEqual([a1, b1]);
    const [first, second, , third] = await scene.deliveriesTo(id);
    expect([first, second, third].map((row) => row?.deliveryOwner)).toEqual(
      Array(3).fill('workflow'),
    );

    // The workflow sees only the head of the line, until that is delivered.
    const due = () => dueDeliveries(scene.db, { endpointId: id, isOrdered: true, limit: 10 });
    for (const expected of [a1, a2, a3]) {
      const [head, ...others] = await due();
      expect([head?.eventId, others]).toEqual([expected, []]);
      await recordAttempts(scene.db, {
        outcomes: [deliveredOutcome(head!)],
        closedAs: () => undefined,
      });
    }
    expect(await due()).toEqual([]);
  });

  test('waits for the head only: what is behind it is not due, whatever its own time says', async () => {
    const { id, merchantId } = await scene.newEndpoint({ ordering: 'resource' });
    scene.startRelay(async (delivery) => failedOutcome(delivery, { delayMs: 60_000 }));
    await scene.addEvents(merchantId, 3, { resourceId: 'ord_a' });
    await until('in the workflow’s care', async () => {
      const rows = await scene.deliveriesTo(id);
      return rows.length === 3 && rows.every(({ deliveryOwner }) => deliveryOwner === 'workflow');
    });
    const left = await outstandingDeliveries(scene.db, { endpointId: id, isOrdered: true });
    expect(left.outstanding).toBe(3);
    expect(left.nextDueInMs).toBeGreaterThan(30_000);
  });
});

describe('a rule of at most once', () => {
  const rules = [{ eventTypes: ['*'], qos: 'at_most_once' as const }];
  const endsOf = async (id: EndpointId) =>
    (await scene.deliveriesTo(id)).map(({ status, endReason, attempts }) => [
      status,
      endReason,
      attempts,
    ]);

  test('sends nothing again that a dead relay may have sent', async () => {
    const { id, merchantId } = await scene.newEndpoint({ rules });
    const dead = scene.heldAttempts();
    scene.startRelay(dead.attempt);
    const [begun] = await scene.addEvents(merchantId, 1);
    await until('the dead one holds it', () => dead.begun.length === 1);
    const sentAgain: EventId[] = [];
    const next = scene.startRelay((delivery) => {
      sentAgain.push(delivery.eventId);
      return deliver(delivery);
    });
    await until('its end', async () => (await endsOf(id))[0]?.[0] === 'dropped');
    const [later] = await scene.addEvents(merchantId, 1);
    next.wake();
    await until('the next', async () => (await endsOf(id))[1]?.[0] === 'delivered');
    expect(sentAgain).toEqual([later]);
    expect(sentAgain).not.toContain(begun);
    expect((await endsOf(id))[0]).toEqual(['dropped', 'at_most_once', 0]);
  });

  test('waits neither for a failing endpoint nor for an earlier event that failed', async () => {
    const { id, merchantId } = await scene.newEndpoint({
      ordering: 'resource',
      rules: [{ eventTypes: ['refund.*'], qos: 'at_most_once' }],
    });
    const held = scene.heldAttempts();
    const relay = scene.startRelay(async (delivery) => {
      await held.attempt(delivery);
      return failedOutcome(delivery, { delayMs: 60_000 });
    });
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_a', type: 'refund.created' });
    await until('the first is under way', () => held.begun.length === 1);
    await areClaimed(id, 2);
    await held.releaseAll();
    await until('the second’s end', async () => (await endsOf(id))[1]?.[0] === 'dropped');
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_b', type: 'refund.created' });
    relay.wake();
    await until('the third’s end', async () => (await endsOf(id))[2]?.[0] === 'dropped');
    expect((await endsOf(id)).map(([status, reason]) => [status, reason])).toEqual([
      ['pending', null],
      ['dropped', 'at_most_once'],
      ['dropped', 'at_most_once'],
    ]);
  });
});

describe('a rule', () => {
  test('that only the newest counts drops what waits of the same resource, visibly', async () => {
    const { id, merchantId } = await scene.newEndpoint({
      rules: [{ eventTypes: ['order.*'], latestOnly: true }],
      status: 'paused',
    });
    await scene.addEvents(merchantId, 2, { resourceId: 'ord_a' });
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_b' });
    const relay = scene.startRelay(deliver);
    await areClaimed(id, 3);
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_a' });
    await scene.addEvents(merchantId, 1, { resourceId: 'ord_a', type: 'refund.created' });
    relay.wake();
    const rows = await areClaimed(id, 5);
    expect(rows.map(({ status, endReason }) => [status, endReason])).toEqual([
      ['dropped', 'superseded'],
      ['dropped', 'superseded'],
      ['pending', null],
      ['pending', null],
      ['pending', null],
    ]);
    expect(rows.every(({ status, endedAt }) => (status === 'pending') === (endedAt === null))).toBe(
      true,
    );
  });

  test('of a priority and a time to live is written with the delivery, and the expired is dropped', async () => {
    const { id, merchantId } = await scene.newEndpoint({
      rules: [
        { eventTypes: ['order.paid'], priority: 'high' },
        { eventTypes: ['order.*'], ttlSeconds: 3_600, priority: 'low' },
      ],
      status: 'paused',
    });
    await scene.addEvents(merchantId, 1);
    await scene.addEvents(merchantId, 1, { type: 'order.paid' });
    scene.startRelay(deliver);
    const [created, paid] = await areClaimed(id, 2);
    expect([created?.priority, paid?.priority]).toEqual([2, 0]);
    for (const row of [created, paid]) {
      const livesMs = row!.expiresAt!.getTime() - row!.createdAt.getTime();
      expect(Math.abs(livesMs - 3_600_000)).toBeLessThan(60_000);
    }
    const due = await dueDeliveries(scene.db, { endpointId: id, isOrdered: false, limit: 10 });
    expect(due.map(({ eventId }) => eventId)).toEqual([paid?.eventId, created?.eventId]);

    await scene.db.update(deliveries).set({ expiresAt: new Date(Date.now() - 1_000) });
    expect(await dropExpired(scene.db, { endpointId: id })).toBe(2);
    expect(await scene.deliveriesTo(id)).toMatchObject([
      { status: 'dropped', endReason: 'expired' },
      { status: 'dropped', endReason: 'expired' },
    ]);
  });
});

describe('an endpoint hears', () => {
  test('its channels, its filter’s events, its types, and nothing else', async () => {
    const all = await scene.newEndpoint();
    const { merchantId } = all;
    const eu = await scene.newEndpoint({ merchantId, channels: ['eu'] });
    const large = await scene.newEndpoint({
      merchantId,
      filter: { 'data.number': { $gte: 1 } },
      eventTypes: ['order.created'],
    });
    const relay = scene.startRelay(deliver);
    const [inEu] = await scene.addEvents(merchantId, 1, { channels: ['eu', 'retail'] });
    const [, second] = await scene.addEvents(merchantId, 2);
    await scene.addEvents(merchantId, 1, { type: 'refund.created' });
    relay.wake();
    await areEnded(all.id, 4);
    expect((await scene.deliveriesTo(eu.id)).map(({ eventId }) => eventId)).toEqual([inEu]);
    expect((await scene.deliveriesTo(large.id)).map(({ eventId }) => eventId)).toEqual([second]);
  });

  test('what it wants from the moment on that it wants it', async () => {
    const { id, merchantId } = await scene.newEndpoint({ eventTypes: ['order.paid'] });
    const relay = scene.startRelay(deliver);
    await scene.addEvents(merchantId, 1);
    const [paid] = await scene.addEvents(merchantId, 1, { type: 'order.paid' });
    relay.wake();
    await areEnded(id, 1);
    await scene.db
      .update(endpoints)
      .set({ eventTypes: ['order.created'], updatedAt: new Date() })
      .where(eq(endpoints.id, id));
    const [created] = await scene.addEvents(merchantId, 1);
    await scene.addEvents(merchantId, 1, { type: 'order.paid' });
    relay.wake();
    await until('all taken up', async () => {
      const [cursor] = await scene.db.select().from(dispatchCursors);
      return cursor?.position === 4;
    });
    expect((await scene.deliveriesTo(id)).map(({ eventId }) => eventId)).toEqual([paid, created]);
  });

  test('one order only, where it was given with that order', async () => {
    const all = await scene.newEndpoint();
    const { merchantId } = all;
    const one = await scene.newEndpoint({ merchantId, resourceId: 'ord_mine' });
    const stranger = await scene.newEndpoint({ resourceId: 'ord_mine' });
    const relay = scene.startRelay(deliver);
    const [mine] = await scene.addEvents(merchantId, 1, { resourceId: 'ord_mine' });
    await scene.addEvents(merchantId, 3);
    relay.wake();
    await areEnded(all.id, 4);
    expect((await scene.deliveriesTo(one.id)).map(({ eventId }) => eventId)).toEqual([mine]);
    expect(await scene.deliveriesTo(stranger.id)).toEqual([]);
  });

  test('nothing while it is paused, and what came meanwhile waits for it', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const sent: EventId[] = [];
    const relay = scene.startRelay((delivery) => {
      sent.push(delivery.eventId);
      return deliver(delivery);
    });
    await pauseEndpoint(id);
    await scene.addEvents(merchantId, 2);
    relay.wake();
    const rows = await areClaimed(id, 2);
    expect(sent).toEqual([]);
    expect(relay.failing).toEqual([]);
    expect(rows.map(({ status, deliveryOwner }) => [status, deliveryOwner])).toEqual(
      Array.from({ length: 2 }, () => ['pending', 'workflow']),
    );
  });
});

describe('an endpoint that has failed', () => {
  const failingFor = (id: EndpointId, days: number) =>
    scene.db
      .update(endpoints)
      .set({ failingSince: new Date(Date.now() - days * 86_400_000) })
      .where(eq(endpoints.id, id));
  const disable = (id: EndpointId) =>
    scene.db.transaction((tx) => disableEndpoints(tx, { gone: [], failing: [id] }));

  test('for five days is disabled, its merchant told, and what waited a dead letter', async () => {
    const { id, merchantId } = await scene.newEndpoint({ eventTypes: ['order.*'] });
    await pauseEndpoint(id);
    await scene.addEvents(merchantId, 3);
    const other = await scene.newEndpoint({ merchantId, eventTypes: ['endpoint.*'] });
    const relay = scene.startRelay(deliver);
    await areClaimed(id, 3);
    await scene.db.update(endpoints).set({ status: 'enabled' }).where(eq(endpoints.id, id));
    await failingFor(id, 4.9);
    expect(await disable(id)).toEqual([]);
    await failingFor(id, 5.1);
    expect(await disable(id)).toEqual([id]);
    expect(await disable(id)).toEqual([]);
    expect(await scene.deliveriesTo(id)).toMatchObject(
      Array.from({ length: 3 }, () => ({ status: 'dead', endReason: 'endpoint_disabled' })),
    );
    relay.wake();
    const [told] = await areEnded(other.id, 1);
    const [event] = await scene.db.select().from(events).where(eq(events.id, told!.eventId));
    expect(event).toMatchObject({ type: 'endpoint.disabled', resourceId: id });
    expect(JSON.parse(event!.body)).toMatchObject({
      data: {
        id,
        disabledReason: 'it has failed for five days',
        deadLetters: 3,
        alert: { subject: `Your endpoint https://shop.example/${id} gets no more events` },
      },
    });
  });

  test('and succeeds again has its failures reset', async () => {
    const { id, merchantId } = await scene.newEndpoint();
    const relay = scene.startRelay(deliver);
    await failingFor(id, 4.9);
    await scene.addEvents(merchantId, 1);
    relay.wake();
    await areEnded(id, 1);
    const [row] = await scene.db.select().from(endpoints).where(eq(endpoints.id, id));
    expect(row?.failingSince).toBeNull();
  });
});
