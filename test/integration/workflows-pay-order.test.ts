import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestCommand } from '../../db/queries/request-command.ts';
import { events, orders, payments } from '../../db/schema/index.ts';
import { providerNotifications } from '../../db/schema/provider-notifications.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import { cancelOrder, workflowIds } from '../../workflows/messages.ts';
import { draftOrder } from '../support/drafts.ts';
import type { Draft } from '../support/drafts.ts';
import { eventsOf, finishedActivities } from '../support/histories.ts';
import { payAtProvider } from '../support/orders.ts';
import { scanAtProvider, scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

const draft = (options?: { expiresInMs?: number }) => draftOrder(world, merchant, options);
const workflowOf = ({ id }: Draft) => world.temporal.workflow.getHandle(workflowIds.payOrder(id));
const endOf = (order: Draft): Promise<OrderProgress> => workflowOf(order).result();
const pay = (order: Draft, options?: { paidMinor: number }) =>
  payAtProvider(world, merchant, order, options);
const cancel = (order: Draft): Promise<OrderProgress> =>
  workflowOf(order).executeUpdate(cancelOrder);

async function rowOf({ id }: Draft) {
  const [row] = await world.db
    .select()
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(eq(orders.id, id));
  return { order: row!.orders, payment: row!.payments };
}

async function eventTypesOf({ id }: Draft): Promise<string[]> {
  const rows = await world.db
    .select({ type: events.type })
    .from(events)
    .where(eq(events.resourceId, id))
    .orderBy(asc(events.id));
  return rows.map(({ type }) => type);
}

const inboxOf = ({ id }: Draft) =>
  world.db.select().from(providerNotifications).where(eq(providerNotifications.orderId, id));

const isOffered = (order: Draft) =>
  until('the payer has a code', async () => {
    const { nextAction } = (await rowOf(order)).payment;
    return nextAction?.kind === 'qr' ? nextAction : undefined;
  });

describe.concurrent('an order that nobody pays', () => {
  test('is closed at the provider when its time is over', async () => {
    const order = await draft();
    await order.begin({ expiresInMs: 2_500 });
    await isOffered(order);
    await scanAtProvider({ nextAction: await isOffered(order) });
    expect(await endOf(order)).toEqual({ status: 'closed' });
    // By our close, not by the provider's own clock: its code was good for a quarter of an hour.
    const trade = await tradeOf(world, merchant, order);
    expect(trade).toMatchObject({ status: 'closed', captures: 0 });
    expect(Date.parse(trade?.closedAt ?? '')).toBeLessThan(Date.parse(trade?.expiresAt ?? ''));
    expect((await rowOf(order)).order).toMatchObject({ status: 'closed', closeReason: 'expired' });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.closed']);
  });

  test('is closed also when nobody ever scanned its code, and so no trade exists', async () => {
    const order = await draft();
    await order.begin({ expiresInMs: 1_500 });
    expect(await endOf(order)).toEqual({ status: 'closed' });
    expect((await rowOf(order)).payment.status).toBe('closed');
  });

  test('ends although the provider never let its payment be opened', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'create', kind: 'http500', times: 50 }]);
    await order.begin({ expiresInMs: 3_000 });
    expect(await endOf(order)).toEqual({ status: 'closed' });
    expect(await tradeOf(world, merchant, order)).toBeUndefined();
  });

  test('waits with its end until the provider answers about it', async () => {
    const order = await draft();
    await order.begin({ expiresInMs: 2_000 });
    await isOffered(order);
    await scanAtProvider({ nextAction: await isOffered(order) });
    await scriptFaults(world, order, [
      { call: 'query', kind: 'http500', times: 1 },
      { call: 'close', kind: 'executedThenTimeout', times: 1 },
    ]);
    expect(await endOf(order)).toEqual({ status: 'closed' });
    expect(await tradeOf(world, merchant, order)).toMatchObject({ status: 'closed' });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.closed']);
  });
});

describe.concurrent('a payment', () => {
  test('whose notification is lost for ever is found by asking', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'notify', kind: 'lostForever' }]);
    await order.begin();
    await isOffered(order);
    await pay(order);
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect(await inboxOf(order)).toEqual([]);
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
    expect(finishedActivities(await eventsOf(workflowOf(order)))).toEqual(['queryPayment']);
  });

  test('whose notification is lost wins against the expiry', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'notify', kind: 'lostForever' }]);
    await order.begin({ expiresInMs: 2_000 });
    await isOffered(order);
    await pay(order);
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
  });

  test('that comes before the provider answered the opening counts', async () => {
    const order = await draft();
    // Longer than the first try, shorter than our patience with a connection.
    await scriptFaults(world, order, [{ call: 'create', kind: 'delay', delayMs: 4_500, times: 2 }]);
    await order.begin();
    await until('the trade is in the book', () => tradeOf(world, merchant, order));
    await pay(order);
    await until('paid', async () => (await rowOf(order)).order.status === 'paid');
    // Paid while the opening was still under way, and not undone by its late answer.
    expect((await rowOf(order)).payment.nextAction).toBeNull();
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect((await rowOf(order)).payment).toMatchObject({ status: 'succeeded' });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
  });

  test('that comes after an opening whose answer was lost counts', async () => {
    const order = await draft();
    await scriptFaults(world, order, [
      { call: 'create', kind: 'executedThenTimeout', delayMs: 1_000, times: 3 },
    ]);
    await order.begin();
    await until('the trade is in the book', () => tradeOf(world, merchant, order));
    await pay(order);
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect(await tradeOf(world, merchant, order)).toMatchObject({ captures: 1 });
  });

  test('that is told three times, and overtaken on the way, changes the order once', async () => {
    const order = await draft();
    await scriptFaults(world, order, [
      { call: 'notify', kind: 'reordered', delayMs: 1_500 },
      { call: 'notify', kind: 'duplicate' },
    ]);
    await order.begin();
    await isOffered(order);
    await pay(order);
    const { call } = await world.simulator();
    const resend = () =>
      call('POST', `/notifications/${order.outTradeNo}/resend`, {
        body: { account: merchant.accounts[0]?.account },
      });
    await resend();
    expect(await endOf(order)).toEqual({ status: 'paid' });
    await resend();
    await until('all of them acknowledged', async () => {
      const [notification] = (await tradeOf(world, merchant, order))?.notifications ?? [];
      const accepted = notification?.attempts.filter(({ outcome }) => outcome === 'acknowledged');
      return accepted?.length === 4;
    });
    expect(await inboxOf(order)).toHaveLength(1);
    expect((await rowOf(order)).order).toMatchObject({ status: 'paid', reviewReason: null });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
  });
});

describe.concurrent('opening a payment', () => {
  test('whose answer was lost gives the same trade and the same code', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'create', kind: 'executedThenTimeout', times: 2 }]);
    await order.begin();
    const code = await until(
      'the trade is in the book',
      async () => (await tradeOf(world, merchant, order))?.details['code'],
    );
    expect(await isOffered(order)).toEqual({
      kind: 'qr',
      content: `${(await world.simulator()).url}/qr/${code}`,
    });
  });

  test('is tried until the provider is back', async () => {
    const order = await draft();
    await scriptFaults(world, order, [
      { call: 'create', kind: 'timeoutBefore', times: 2 },
      { call: 'create', kind: 'http500', times: 1 },
      { call: 'create', kind: 'systemError', times: 1 },
      { call: 'create', kind: 'badSignature', times: 1 },
    ]);
    await order.begin();
    await until('several attempts, visible as such', async () => {
      const { raw } = await workflowOf(order).describe();
      const [activity] = raw.pendingActivities ?? [];
      return activity?.activityType?.name === 'createPayment' && (activity.attempt ?? 0) >= 3;
    });
    expect((await rowOf(order)).order.status).toBe('pending');
    expect(await isOffered(order)).toMatchObject({ kind: 'qr' });
    expect(await eventTypesOf(order)).toEqual(['order.created']);
  });

  test('that is slower than the first try allows is carried on patiently, once', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'create', kind: 'delay', delayMs: 4_000 }]);
    await order.begin();
    expect(await isOffered(order)).toMatchObject({ kind: 'qr' });
    expect(await tradeOf(world, merchant, order)).toMatchObject({ status: 'open' });
  });

  test('that the provider refuses for good fails the order at once', async () => {
    const order = await draft({ expiresInMs: -1_000 });
    // Already expired: the provider takes no code for it, and we say so instead of closing it.
    await order.begin({ expiresInMs: 60_000 });
    expect(await endOf(order)).toEqual({ status: 'failed' });
    expect((await rowOf(order)).order.failureCode).toBe('ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR');
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.failed']);
  });
});

describe.concurrent('a cancellation', () => {
  test('while the provider does not answer waits for it, and closes the order then', async () => {
    const order = await draft();
    await scriptFaults(world, order, [
      { call: 'create', kind: 'http500', times: 50 },
      { call: 'query', kind: 'timeoutBefore', delayMs: 500, times: 2 },
    ]);
    await order.begin();
    await until('the opening is being retried', async () => {
      const { raw } = await workflowOf(order).describe();
      return (raw.pendingActivities?.[0]?.attempt ?? 0) >= 2;
    });
    expect(await cancel(order)).toEqual({ status: 'closed' });
    expect((await rowOf(order)).order.closeReason).toBe('cancelled');
    expect(await endOf(order)).toEqual({ status: 'closed' });
  });

  test('at the moment of a payment that is not told of ends as the book says', async () => {
    const several = await Promise.all(Array.from({ length: 6 }, () => draft()));
    await Promise.all(
      several.map(async (order) => {
        await scriptFaults(world, order, [{ call: 'notify', kind: 'lostForever' }]);
        await order.begin();
        await isOffered(order);
        await scanAtProvider({ nextAction: await isOffered(order) });
        const [progress] = await Promise.all([cancel(order), pay(order).catch(() => {})]);
        const trade = await tradeOf(world, merchant, order);
        const expected = trade?.status === 'paid' ? 'paid' : 'closed';
        expect(progress).toEqual({ status: expected });
        expect(trade?.captures).toBe(expected === 'paid' ? 1 : 0);
        expect(await eventTypesOf(order)).toEqual(['order.created', `order.${expected}`]);
      }),
    );
  });

  test('to which the provider answers that it was paid meanwhile pays the order', async () => {
    const order = await draft();
    await order.begin();
    await isOffered(order);
    await scanAtProvider({ nextAction: await isOffered(order) });
    await scriptFaults(world, order, [
      { call: 'notify', kind: 'lostForever' },
      // The query says 'not paid', late; the payment falls between it and the close.
      { call: 'query', kind: 'delay', delayMs: 2_500 },
    ]);
    const cancelled = cancel(order);
    await until('the query is long on its way', async () => {
      const { raw } = await workflowOf(order).describe();
      const [activity] = raw.pendingActivities ?? [];
      const startedMs = Number(activity?.lastStartedTime?.seconds ?? Infinity) * 1_000;
      return activity?.activityType?.name === 'closePayment' && Date.now() - startedMs > 1_000;
    });
    await pay(order);
    expect(await cancelled).toEqual({ status: 'paid' });
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
  });

  test('that was only recorded is carried out by the recovery job', async () => {
    const order = await draft();
    await order.begin();
    await isOffered(order);
    await requestCommand(world.db, { orderId: order.id, command: { kind: 'cancel' } });
    expect(await endOf(order)).toEqual({ status: 'closed' });
    expect((await rowOf(order)).order.closeReason).toBe('cancelled');
  });
});

describe.concurrent('money that comes after the end', () => {
  test('goes to a workflow of its own, is recorded, and leaves the end alone', async () => {
    const order = await draft();
    await order.begin();
    await isOffered(order);
    expect(await cancel(order)).toEqual({ status: 'closed' });
    await endOf(order);
    // Nobody had scanned: the provider has no trade to close, and the code stays good.
    await pay(order);
    const late = world.temporal.workflow.getHandle(workflowIds.settleLate(order.id));
    const { workflowId, reports } = await until('the late workflow', async () => {
      const ended = await late.result().catch(() => undefined);
      return ended && { workflowId: late.workflowId, ...ended };
    });
    expect({ workflowId, reports }).toEqual({ workflowId: `order/${order.id}/late`, reports: 1 });
    const { order: row, payment } = await rowOf(order);
    expect(row).toMatchObject({ status: 'closed', reviewReason: null, capturedMinor: 0 });
    expect(payment.status).toBe('succeeded');
    await until('the money is back', async () =>
      (await eventTypesOf(order)).includes('refund.succeeded'),
    );
    expect(await eventTypesOf(order)).toEqual([
      'order.created',
      'order.closed',
      'order.late_payment',
      'refund.succeeded',
    ]);
    const outcomes = (await inboxOf(order)).map(({ outcome }) => outcome);
    expect(outcomes[0]).toBe('applied');
  });
});

describe.concurrent('an order in review', () => {
  test('is not closed by its expiry nor by a command, and stays open to be looked after', async () => {
    const order = await draft();
    await order.begin({ expiresInMs: 3_000 });
    const expiresAtMs = Date.now() + 3_000;
    await isOffered(order);
    await pay(order, { paidMinor: 100 });
    await until('review', async () => (await rowOf(order)).order.status === 'review');
    expect(await cancel(order)).toEqual({ status: 'review' });
    // Asked about again after the expiry: the workflow lives, and nothing was closed.
    await until('the provider is asked again', async () => {
      return finishedActivities(await eventsOf(workflowOf(order))).includes('queryPayment');
    });
    expect(Date.now()).toBeGreaterThan(expiresAtMs);
    expect((await workflowOf(order).describe()).status.name).toBe('RUNNING');
    expect((await rowOf(order)).order).toMatchObject({
      status: 'review',
      reviewReason: 'amount_mismatch',
    });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.review_required']);
  });

  test('is paid when the provider corrects itself', async () => {
    const order = await draft();
    await scriptFaults(world, order, [{ call: 'notify', kind: 'wrongAmount' }]);
    await order.begin();
    await isOffered(order);
    await pay(order);
    await until('review', async () => (await rowOf(order)).order.status === 'review');
    // The notification lied, the book does not: the next question settles it.
    expect(await endOf(order)).toEqual({ status: 'paid' });
    expect(await eventTypesOf(order)).toEqual([
      'order.created',
      'order.review_required',
      'order.paid',
    ]);
  });
});
