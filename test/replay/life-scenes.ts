import type { WorkflowHandle } from '@temporalio/client';
import type { OrderId, RefundId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import type { reconcileYesterday } from '../../workflows/reconcile-yesterday.ts';
import { openOrder, orderBecomes, payAtProvider, tellProvider } from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scriptFaults } from '../support/provider-book.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import type { TestMerchant, World } from '../support/world.ts';

type Scene = { world: World; merchant: TestMerchant };
type Recorded = Pick<WorkflowHandle, 'fetchHistory'>;

/** The life of an order beyond its payment, recorded at providers that have all of it. */
export const lifeScenes: Record<string, (scene: Scene) => Promise<Recorded>> = {
  captured: ({ world }) => held(world, {}, (merchant, order) => post(merchant, order, 'capture')),
  voided: ({ world }) => held(world, {}, (merchant, order) => post(merchant, order, 'cancel')),
  async switched({ world }) {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const methods = ['wechat-pay.native', 'stripe.checkout'];
    const order = await openOrder(merchant, { methods });
    const { body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await payAtProvider(world, merchant, body);
    return ended(world, order);
  },
  async 'switched-and-paid-before'({ world }) {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const methods = ['wechat-pay.native', 'stripe.checkout'];
    const order = await openOrder(merchant, { methods });
    await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await payAtProvider(world, merchant, order, { force: true });
    return ended(world, order);
  },
  confirmed: ({ world }) => asked(world, 'accept'),
  rejected: ({ world }) => asked(world, 'reject'),
  async resolved({ world }) {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    await orderBecomes(merchant, order, 'review');
    await post(merchant, order, 'resolve', { verb: 'refund', note: 'seen in the portal' });
    return ended(world, order);
  },
  async hinted({ world }) {
    const merchant = await world.newMerchant(['stripe']);
    const { call } = await world.simulator('stripe');
    const { account } = merchant.accounts[0]!;
    await call('POST', `/accounts/${account}/style`, { body: { style: 'thin' } });
    const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
    await payAtProvider(world, merchant, order);
    return ended(world, order);
  },
  async reconciled({ world }) {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    // A refund nobody was told of: found and auto-resolved.
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'lostForever', times: 9 }],
      'stripe',
    );
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 100 });
    const { accountId } = merchant.accounts[0]!;
    const date = new Date().toISOString().slice(0, 10);
    await merchant.api('POST', '/v1/reconciliations', { body: { accountId, date } });
    const handle = world.temporal.workflow.getHandle(
      workflowIds.reconcileStatement(accountId, date),
    );
    await until('the reconciliation ends', () => handle.result().catch(() => undefined));
    return handle;
  },
  async 'reconciled-yesterday'({ world }) {
    const merchant = await world.newMerchant(['stripe']);
    const { accountId } = merchant.accounts[0]!;
    const handle = await world.temporal.workflow.start<typeof reconcileYesterday>(
      'reconcileYesterday',
      {
        workflowId: workflowIds.reconcileYesterday(accountId),
        taskQueue: world.config.temporal.taskQueue,
        args: [{ accountId }],
      },
    );
    await handle.result();
    return handle;
  },
  refunded: ({ world }) => refundedWith(world, []),
  'refunded-patiently': ({ world }) =>
    refundedWith(world, [{ call: 'refund', kind: 'executedThenTimeout', times: 1 }]),
  'refund-bounced': ({ world }) =>
    refundedWith(world, [{ call: 'refund', kind: 'bounce', times: 1 }]),
};

const post = (merchant: TestMerchant, { id }: { id: string }, verb: string, body?: object) =>
  merchant.api<OrderBody>('POST', `/v1/orders/${id}/${verb}`, {
    ...(body && { body }),
    headers: { prefer: 'wait=20' },
  });

async function held(
  world: World,
  fields: object,
  decide: (merchant: TestMerchant, order: OrderBody) => Promise<unknown>,
): Promise<Recorded> {
  const merchant = await world.newMerchant(['stripe']);
  const methods = ['stripe.payment_intent'];
  const order = await openOrder(merchant, { methods, capture: 'manual', ...fields });
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'authorized');
  await decide(merchant, order);
  return ended(world, order);
}

async function asked(world: World, answer: 'accept' | 'reject'): Promise<Recorded> {
  const receiver = await startReceiver();
  receiver.answerWith(() => ({ status: 200, body: JSON.stringify({ answer }) }));
  const confirm = { url: receiver.url, withinSeconds: 60 };
  const recorded = await held(world, { confirm }, async () => {});
  await receiver.stop();
  return recorded;
}

async function refundedWith(
  world: World,
  faults: Parameters<typeof scriptFaults>[2],
): Promise<Recorded> {
  const merchant = await world.newMerchant(['wechat-pay']);
  const order = await openOrder(merchant, { methods: ['wechat-pay.native'] });
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'paid');
  await scriptFaults(world, order.payments[0]!, faults, 'wechat-pay');
  const { body } = await merchant.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
    body: { merchantRefundNo: `H-${order.id}` },
  });
  const handle = world.temporal.workflow.getHandle(workflowIds.refundPayment(body.id as RefundId));
  await until('the refund ends', () => handle.result().catch(() => undefined));
  return handle;
}

async function ended(world: World, { id }: { id: string }): Promise<Recorded> {
  const handle = world.temporal.workflow.getHandle(workflowIds.payOrder(id as OrderId));
  await handle.result();
  return handle;
}
