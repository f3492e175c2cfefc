import { describe, expect, test } from 'vitest';
import { initialWindow } from '../../domain/congestion.ts';
import { orders, providerNotifications } from '../../db/schema/index.ts';
import { events } from '../../db/schema/events.ts';
import {
  eventTypesOf,
  inCrashScene,
  isPayable,
  paymentOf,
  postUntilAnswered,
} from '../support/crash-scene.ts';
import { newOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { bookOf, scriptFaults, tradeOf } from '../support/provider-book.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Reply } from '../support/receiver.ts';
import { until } from '../support/until.ts';

// Each process is killed, as by kill -9, at the worst moment of its work, and started again.

describe.concurrent('a kill -9', { timeout: 180_000 }, () => {
  test('of the worker after the provider’s answer and before its record leaves one trade, with its code', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      await tender.start('api');
      const worker = await tender.startDoomed('worker', 'payment.created-at-provider');
      const { status, body: order } = await merchant.api<OrderBody>('POST', '/v1/orders', {
        body: newOrder(),
        headers: { prefer: 'respond-async' },
      });
      expect(status).toBe(202);
      await worker.restarted;
      const payable = await isPayable(merchant, order);
      const book = await bookOf(world, merchant);
      expect(book.map(({ outTradeNo, captures }) => ({ outTradeNo, captures }))).toEqual([
        { outTradeNo: order.payments[0]?.outTradeNo, captures: 0 },
      ]);
      const { url } = await world.simulator();
      expect(payable.nextAction?.content).toBe(`${url}/qr/${book[0]?.details['code']}`);
      await payAtProvider(world, merchant, order);
      await orderBecomes(merchant, order, 'paid');
      expect(await eventTypesOf(world, order)).toEqual(['order.created', 'order.paid']);
    }));

  test('of the one process that is all of Tender, at the same moment, is survived by the caller’s repeat', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      const platform = await tender.startDoomed('api,worker', 'payment.created-at-provider');
      const order = newOrder();
      const [answer] = await Promise.all([
        postUntilAnswered(merchant, { order, key: 'once' }),
        platform.restarted,
      ]);
      expect(answer.seen[0]).toBe('no answer');
      expect(answer.status).toBe(201);
      expect(answer.body.nextAction).not.toBeNull();
      const again = await postUntilAnswered(merchant, { order, key: 'once' });
      expect(again.text).toBe(answer.text);
      expect(await world.db.select().from(orders)).toHaveLength(1);
      expect(await bookOf(world, merchant)).toHaveLength(1);
    }));

  test('of the API after the commit and before the workflow loses nothing: the recovery job opens the order, the repeat finds it', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      await tender.start('worker');
      const api = await tender.startDoomed('api', 'order.committed');
      const order = newOrder();
      const repeated = postUntilAnswered(merchant, { order, key: 'committed' });
      const row = await until('the order is committed', async () => {
        const [committed] = await world.db.select().from(orders);
        return committed;
      });
      await api.restarted;
      await until('the recovery job opened it', async () => {
        return (await paymentOf(world, row)).nextAction !== null;
      });
      const answer = await repeated;
      // Before its lock is over, the first caller may still be alive.
      expect(answer.seen).toEqual(['no answer', 409, 201]);
      expect(answer.body.id).toBe(row.id);
      expect(await world.db.select().from(orders)).toHaveLength(1);
      expect(await eventTypesOf(world, row)).toEqual(['order.created']);
    }));

  test('of the API between a notification’s record and its signal loses no payment', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      await tender.start('worker');
      const api = await tender.startDoomed('api', 'notification.stored');
      const { body: order } = await merchant.api<OrderBody>('POST', '/v1/orders', {
        body: newOrder(),
      });
      await isPayable(merchant, order);
      // Asking would find the payment too: here it is the stored notification that has to.
      await scriptFaults(world, paidNumber(order), [
        { call: 'query', kind: 'http500', times: 100 },
      ]);
      await payAtProvider(world, merchant, order);
      await until('the notification is stored', async () => {
        return (await world.db.select().from(providerNotifications)).length === 1;
      });
      await api.restarted;
      await orderBecomes(merchant, order, 'paid');
      const inbox = await world.db.select().from(providerNotifications);
      expect(inbox).toMatchObject([{ outcome: 'applied' }]);
      // It was not acknowledged when the API died, and is, when the provider says it again.
      const notification = await until('acknowledged', async () => {
        const [first] = (await tradeOf(world, merchant, paidNumber(order)))?.notifications ?? [];
        return first?.end === 'acknowledged' ? first : undefined;
      });
      expect(notification.attempts[0]?.outcome).toBe('unreachable');
      expect(await eventTypesOf(world, order)).toEqual(['order.created', 'order.paid']);
    }));

  test('of the relay in the middle of a batch loses no event, and repeats only what was on its way', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      const [receiver] = await Promise.all([startReceiver(), tender.start('api')]);
      // Nothing is answered before a batch is on its way; the first answer then is the relay's end.
      let letGo: (reply: Reply) => void = () => {};
      const isBatch = new Promise<Reply>((resolve) => {
        letGo = resolve;
      });
      receiver.answerWith(() => {
        if (receiver.received.length >= initialWindow) letGo({ status: 204 });
        return isBatch;
      });
      await merchant.api('POST', '/v1/endpoints', {
        body: { url: receiver.url, eventTypes: ['order.created'] },
      });
      const worker = await tender.startDoomed('worker', 'relay.sent');
      const opened = await Promise.all(
        Array.from({ length: 60 }, () =>
          merchant.api<OrderBody>('POST', '/v1/orders', {
            body: newOrder(),
            headers: { prefer: 'respond-async' },
          }),
        ),
      );
      await worker.restarted;
      const orderIds = opened.map(({ body }) => body.id).toSorted();
      await until('every event arrived', () => {
        const told = new Set(receiver.received.map(({ event }) => event.data.id));
        return told.size === 60;
      });
      const stored = await world.db.select().from(events);
      expect(stored.map(({ resourceId }) => resourceId).toSorted()).toEqual(orderIds);
      for (const { headers, rawBody, event } of receiver.received) {
        expect(headers['webhook-id']).toBe(event.id);
        expect(rawBody).toBe(stored.find(({ id }) => id === event.id)?.body);
      }
      const arrivals = receiver.received.map(({ event }) => event.id);
      const twice = arrivals.length - new Set(arrivals).size;
      expect(twice).toBeGreaterThan(0);
      // As many as an endpoint that has answered nothing yet is sent side by side.
      expect(twice).toBeLessThanOrEqual(initialWindow);
      const positions = stored.map(({ position }) => position).toSorted((a, b) => a! - b!);
      expect(positions).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
      await receiver.stop();
    }));
});

describe.concurrent('API and worker as two processes', () => {
  test('work as one, and wait for each other', () =>
    inCrashScene(async ({ world, tender, merchant }) => {
      const [receiver] = await Promise.all([startReceiver(), tender.start('api')]);
      await merchant.api('POST', '/v1/endpoints', {
        body: { url: receiver.url, eventTypes: ['*'] },
      });
      const { body: order, status } = await merchant.api<OrderBody>('POST', '/v1/orders', {
        body: newOrder(),
        headers: { prefer: 'respond-async' },
      });
      expect({ status, nextAction: order.nextAction }).toEqual({ status: 202, nextAction: null });
      const worker = await tender.start('worker');
      await isPayable(merchant, order);
      await worker.stop();
      // Without a worker the provider is acknowledged all the same.
      await payAtProvider(world, merchant, order);
      await until('acknowledged', async () => {
        const [first] = (await tradeOf(world, merchant, paidNumber(order)))?.notifications ?? [];
        return first?.end === 'acknowledged';
      });
      expect((await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`)).body.status).toBe(
        'pending',
      );
      await tender.start('worker');
      await orderBecomes(merchant, order, 'paid');
      await until('both events', () => receiver.received.length === 2);
      expect(receiver.received.map(({ event }) => event.type)).toEqual([
        'order.created',
        'order.paid',
      ]);
      await receiver.stop();
    }));
});

function paidNumber({ payments }: OrderBody) {
  return { outTradeNo: payments[0]?.outTradeNo ?? '' };
}
