import { eq } from 'drizzle-orm';
import { differences, reconciliations, refunds } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { RefundId } from '../../domain/ids.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from './orders.ts';
import type { OrderBody } from './orders.ts';
import { scriptFaults } from './provider-book.ts';
import { until } from './until.ts';
import type { TestMerchant, World } from './world.ts';

/** One POST that is taken, whenever it is sent first. */
export type PostRequest = { path: string; body?: Record<string, unknown> };

export type PostScenes = Readonly<Record<string, () => Promise<PostRequest>>>;

/**
 * For each operation that is a POST a scene in which it is taken, by its operationId. `merchant` has accounts at
 * Alipay and Stripe; `other` is one whom it may write to, and who may write to it.
 */
export function postScenes(
  world: World,
  { merchant, other }: { merchant: TestMerchant; other: TestMerchant },
): PostScenes {
  let numbers = 0;
  const fresh = (prefix: string) => `${prefix}-${(numbers += 1)}`;
  const onOrder = ({ id }: { id: string }, rest: string) => `/v1/orders/${id}/${rest}`;
  const alipay = { methods: ['alipay.qr'] };
  const account = merchant.accounts[0]!;

  async function made<T = { id: string }>(path: string, body: unknown, by = merchant): Promise<T> {
    const answer = await by.api<T>('POST', path, { body });
    if (answer.status > 299) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
  const newEndpoint = () =>
    made<{ id: string }>('/v1/endpoints', { url: 'http://127.0.0.1:9/hook', eventTypes: ['a.b'] });
  const newReplay = (endpointId: string) => ({
    endpointId,
    kind: 'replay',
    eventTypes: ['a.b'],
    since: '2026-01-01T00:00:00Z',
  });
  async function paid(): Promise<OrderBody> {
    const order = await openOrder(merchant, alipay);
    await payAtProvider(world, merchant, order);
    return orderBecomes(merchant, order, 'paid');
  }
  async function newGroup(): Promise<string> {
    const name = fresh('group');
    await made('/v1/consumer-groups', { name });
    return `/v1/consumer-groups/${name}`;
  }
  const newSession = () => ({
    participants: [merchant.merchantId, other.merchantId],
    subject: 'price',
  });
  const newMessage = () => ({
    pattern: 'request',
    to: other.merchantId,
    subject: 'stock',
    body: { cups: 2 },
  });

  return {
    createOrder: async () => ({ path: '/v1/orders', body: newOrder(alipay) }),
    cancelOrder: async () => ({ path: onOrder(await openOrder(merchant, alipay), 'cancel') }),
    captureOrder: async () => {
      const fields = { methods: ['stripe.payment_intent'], capture: 'manual' };
      const order = await openOrder(merchant, fields);
      await payAtProvider(world, merchant, order);
      await orderBecomes(merchant, order, 'authorized');
      return { path: onOrder(order, 'capture'), body: {} };
    },
    switchPayment: async () => {
      const order = await openOrder(merchant, { methods: ['alipay.qr', 'stripe.checkout'] });
      return { path: onOrder(order, 'payments'), body: { method: 'stripe.checkout' } };
    },
    createRefund: async () => ({
      path: onOrder(await paid(), 'refunds'),
      body: { merchantRefundNo: fresh('R'), amountMinor: 250 },
    }),
    closeRefund: async () => {
      const order = await paid();
      // What is told of it later would make it succeeded again.
      const lost = [{ call: 'notify', kind: 'lostForever', times: 9 }] as const;
      await scriptFaults(world, order.payments[0]!, [...lost], 'alipay');
      const { body } = await merchant.api<{ id: string }>('POST', onOrder(order, 'refunds'), {
        body: { merchantRefundNo: fresh('R'), amountMinor: 250 },
        headers: { prefer: 'wait=20' },
      });
      await world.db
        .update(refunds)
        .set({ status: 'needs_attention' })
        .where(eq(refunds.id, body.id as RefundId));
      return { path: `/v1/refunds/${body.id}/close`, body: { note: 'paid back by transfer' } };
    },
    resolveReview: async () => {
      const order = await openOrder(merchant, alipay);
      await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
      await orderBecomes(merchant, order, 'review');
      return { path: onOrder(order, 'resolve'), body: { verb: 'accept', note: 'seen' } };
    },
    dryRunRouting: async () => ({
      path: '/v1/routing/dry-run',
      body: { amountMinor: 1250, currency: 'CNY' },
    }),
    createReconciliation: async () => ({
      path: '/v1/reconciliations',
      body: { accountId: account.accountId, date: '2026-01-02' },
    }),
    acknowledgeDifference: async () => {
      const owner = { merchantId: merchant.merchantId, accountId: account.accountId };
      const [reconciliationId, id] = [newId('reconciliation'), newId('difference')];
      const date = new Date(Date.UTC(2025, 0, (numbers += 1))).toISOString().slice(0, 10);
      await world.db
        .insert(reconciliations)
        .values({ ...owner, id: reconciliationId, date, trigger: 'request', status: 'done' });
      await world.db.insert(differences).values({
        ...owner,
        id,
        reconciliationId,
        kind: 'unknown_trade',
        about: 'payment',
        number: fresh('N'),
        round: 0,
      });
      return { path: `/v1/differences/${id}/acknowledge`, body: { note: 'seen' } };
    },
    createEndpoint: async () => ({
      path: '/v1/endpoints',
      body: { url: 'http://127.0.0.1:9/hook', eventTypes: ['a.b'] },
    }),
    rotateSecret: async () => ({
      path: `/v1/endpoints/${(await newEndpoint()).id}/rotate-secret`,
      body: {},
    }),
    sendTestEvent: async () => ({ path: `/v1/endpoints/${(await newEndpoint()).id}/test` }),
    verifyEndpoint: async () => ({ path: `/v1/endpoints/${(await newEndpoint()).id}/verify` }),
    retryDelivery: async () => {
      const { id } = await newEndpoint();
      const published = await made<{ data: { id: string }[] }>('/v1/events', {
        type: 'a.b',
        data: {},
      });
      const eventId = published.data[0]!.id;
      await until('the delivery is there', async () => {
        const found = await merchant.api<{ data: unknown[] }>(
          'GET',
          `/v1/deliveries?eventId=${eventId}&endpointId=${id}`,
        );
        return found.body.data.length > 0;
      });
      return { path: `/v1/endpoints/${id}/deliveries/${eventId}/retry` };
    },
    createReplay: async () => ({
      path: '/v1/replays',
      body: newReplay((await newEndpoint()).id),
    }),
    cancelReplay: async () => {
      const { id } = await made('/v1/replays', newReplay((await newEndpoint()).id));
      return { path: `/v1/replays/${id}/cancel` };
    },
    dryRunFilter: async () => ({
      path: '/v1/filters/dry-run',
      body: { filter: { type: 'a.b' }, event: { type: 'a.b', data: {} } },
    }),
    publishEvents: async () => ({ path: '/v1/events', body: { type: 'a.b', data: { n: 1 } } }),
    createEventType: async () => ({
      path: '/v1/event-types',
      body: { name: `own.type_${fresh('t').replace('-', '_')}` },
    }),
    createConsumerGroup: async () => ({
      path: '/v1/consumer-groups',
      body: { name: fresh('group') },
    }),
    takeEvents: async () => ({ path: `${await newGroup()}/take`, body: { limit: 1 } }),
    acknowledgeEvents: async () => {
      await made('/v1/events', { type: 'a.b', data: {} });
      const group = await newGroup();
      const { leaseToken, cursor } = await until('a batch', async () => {
        const batch = await made<{ leaseToken: string | null; cursor: string }>(`${group}/take`, {
          limit: 1,
        });
        return batch.leaseToken === null ? undefined : batch;
      });
      return { path: `${group}/acknowledge`, body: { leaseToken, cursor } };
    },
    createPortalLink: async () => ({ path: '/v1/portal-links', body: {} }),
    createContact: async () => ({
      path: '/v1/contacts',
      body: { merchantId: newId('merchant') },
    }),
    sendMessage: async () => ({ path: '/v1/messages', body: newMessage() }),
    replyToMessage: async () => {
      const message = { ...newMessage(), to: merchant.merchantId };
      const { id } = await made('/v1/messages', message, other);
      return { path: `/v1/messages/${id}/reply`, body: { body: 'yes' } };
    },
    openSession: async () => ({ path: '/v1/sessions', body: newSession() }),
    speakInSession: async () => {
      const { id } = await made('/v1/sessions', newSession());
      return { path: `/v1/sessions/${id}/messages`, body: { body: 'mine' } };
    },
    createTopic: async () => ({ path: '/v1/topics', body: { name: fresh('topic') } }),
    publishToTopic: async () => {
      const { id } = await made('/v1/topics', { name: fresh('topic') });
      return { path: `/v1/topics/${id}/messages`, body: { body: { price: 1 } } };
    },
  };
}
