import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertReplay } from '../../db/queries/replays.ts';
import { heartbeats } from '../../db/schema/heartbeats.ts';
import { reconciliations } from '../../db/schema/reconciliations.ts';
import { orders } from '../../db/schema/orders.ts';
import type { OrderId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import type { reconcileYesterday } from '../../workflows/reconcile-yesterday.ts';
import type { replayEvents } from '../../workflows/replay-events.ts';
import type * as workflows from '../../workflows/index.ts';
import { acquaint, endpointOf } from '../support/conversations.ts';
import { keptLog } from '../support/log-lines.ts';
import type { LogLine } from '../support/log-lines.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scriptFaults } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

/** Brings a workflow into the middle of its work; says which it is, and how it is seen to have been taken up again. */
type Scene = (world: World) => Promise<{ workflowId: string; isHealed: () => Promise<boolean> }>;

const isRunning = (world: World, workflowId: string) => async () =>
  (await world.temporal.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';

const always =
  (workflowId: string): Scene =>
  async (world) => {
    const seenAt = async () => {
      const [row] = await world.db
        .select()
        .from(heartbeats)
        .where(eq(heartbeats.workflowId, workflowId));
      return row?.seenAt.getTime() ?? 0;
    };
    await until(`${workflowId} at work`, async () => (await seenAt()) > 0);
    const beforeMs = Date.now();
    return {
      workflowId,
      isHealed: async () =>
        (await isRunning(world, workflowId)()) && (await seenAt()) > beforeMs + 1,
    };
  };

const runningAgain = (world: World, workflowId: string) => ({
  workflowId,
  isHealed: isRunning(world, workflowId),
});

async function pair(world: World): Promise<[TestMerchant, TestMerchant]> {
  const [a, b] = await Promise.all([world.newMerchant(), world.newMerchant()]);
  await acquaint(a, b);
  return [a, b];
}

const scenes: Record<keyof typeof workflows, Scene> = {
  sweep: always(workflowIds.sweep),
  keepSchedules: always(workflowIds.keepSchedules),
  dispatchEvents: always(workflowIds.dispatchEvents(0)),
  async payOrder(world) {
    const order = await openOrder(await world.newMerchant());
    return runningAgain(world, workflowIds.payOrder(order.id as OrderId));
  },
  // Late money that is accepted, and a merchant who has to confirm it and does not answer at first.
  async settleLate(world) {
    const merchant = await world.newMerchant();
    let isAnswering = false;
    const { receiver } = await endpointOf(merchant, {
      eventTypes: ['nothing.of.it'],
      answers: () => (isAnswering ? { status: 200, body: '{"answer":"accept"}' } : { status: 500 }),
    });
    ends.push(receiver.stop);
    const order = await openOrder(merchant, {
      latePayment: 'accept',
      confirm: { url: receiver.url, withinSeconds: 600 },
    });
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    // Money that comes while it is about to end is its own.
    await world.temporal.workflow.getHandle(workflowIds.payOrder(order.id as OrderId)).result();
    await payAtProvider(world, merchant, order, { force: true });
    await until('the merchant is asked', () => receiver.received.length > 0);
    return {
      workflowId: workflowIds.settleLate(order.id as OrderId),
      isHealed: async () => {
        isAnswering = true;
        const [row] = await world.db
          .select()
          .from(orders)
          .where(eq(orders.id, order.id as OrderId));
        return row?.confirmation === 'accepted';
      },
    };
  },
  async refundPayment(world) {
    const merchant = await world.newMerchant();
    const order = await openOrder(merchant);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await scriptFaults(world, order.payments[0]!, [
      { call: 'refund', kind: 'http500', times: 1_000 },
    ]);
    const { body } = await merchant.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
      body: { merchantRefundNo: `R-${order.id}` },
    });
    const workflowId = workflowIds.refundPayment(body.id as `re_${string}`);
    await until('the refund’s workflow', isRunningOr(world, workflowId));
    return runningAgain(world, workflowId);
  },
  async deliverToEndpoint(world) {
    const merchant = await world.newMerchant();
    const endpoint = await endpointOf(merchant, {
      eventTypes: ['order.created'],
      retrySeconds: [3_600],
      answers: () => ({ status: 500 }),
    });
    ends.push(endpoint.receiver.stop);
    await openOrder(merchant);
    const workflowId = workflowIds.deliverToEndpoint(endpoint.id);
    await until('the endpoint’s workflow', isRunningOr(world, workflowId));
    return runningAgain(world, workflowId);
  },
  // Not begun yet when it is ended: a replay is over within a second.
  async replayEvents(world) {
    const merchant = await world.newMerchant();
    const { id: endpointId, receiver } = await endpointOf(merchant, {
      eventTypes: ['order.created'],
    });
    ends.push(receiver.stop);
    const replay = await insertReplay(world.db, {
      merchantId: merchant.merchantId,
      endpointId: endpointId,
      kind: 'replay',
      eventTypes: ['*'],
      since: new Date(0),
      until: new Date(),
    });
    const workflowId = workflowIds.replayEvents(replay.id);
    await world.temporal.workflow.start<typeof replayEvents>('replayEvents', {
      workflowId,
      taskQueue: world.config.temporal.taskQueue,
      args: [{ replayId: replay.id }],
      startDelay: '1 hour',
    });
    return {
      workflowId,
      isHealed: async () => {
        const { body } = await merchant.api<{ status: string }>('GET', `/v1/replays/${replay.id}`);
        return body.status === 'done';
      },
    };
  },
  async exchangeMessage(world) {
    const [a, b] = await pair(world);
    const { body } = await a.api<{ id: `msg_${string}` }>('POST', '/v1/messages', {
      body: { pattern: 'request', to: b.merchantId, subject: 'stock', body: 1 },
      headers: { prefer: 'respond-async' },
    });
    const workflowId = workflowIds.exchangeMessage(body.id);
    await until('the request’s workflow', isRunningOr(world, workflowId));
    return runningAgain(world, workflowId);
  },
  async holdSession(world) {
    const [a, b] = await pair(world);
    const { body } = await a.api<{ id: `ses_${string}` }>('POST', '/v1/sessions', {
      body: { participants: [a.merchantId, b.merchantId], subject: 'swap' },
    });
    const workflowId = workflowIds.holdSession(body.id);
    await until('the session’s workflow', isRunningOr(world, workflowId));
    return runningAgain(world, workflowId);
  },
  // A day that is not over has no statement yet, and its run waits for it.
  async reconcileStatement(world) {
    const merchant = await world.newMerchant();
    const { accountId } = merchant.accounts[0]!;
    const date = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    await merchant.api('POST', '/v1/reconciliations', { body: { accountId, date } });
    const workflowId = workflowIds.reconcileStatement(accountId, date);
    await until('it waits', async () => {
      const rows = await world.db
        .select()
        .from(reconciliations)
        .where(eq(reconciliations.accountId, accountId));
      return rows.some(({ status }) => status === 'waiting');
    });
    return runningAgain(world, workflowId);
  },
  async reconcileYesterday(world) {
    const { accounts } = await world.newMerchant();
    const { accountId } = accounts[0]!;
    const workflowId = `${workflowIds.reconcileYesterday(accountId)}-2026-03-04T18:00:00Z`;
    await world.temporal.workflow.start<typeof reconcileYesterday>('reconcileYesterday', {
      workflowId,
      taskQueue: world.config.temporal.taskQueue,
      args: [{ accountId }],
      startDelay: '1 hour',
    });
    return {
      workflowId,
      isHealed: async () => {
        const rows = await world.db
          .select()
          .from(reconciliations)
          .where(eq(reconciliations.accountId, accountId));
        // The day before, as Alipay counts days: 18:00 UTC on the 4th is the 5th there.
        return rows.some(({ date }) => date === '2026-03-04');
      },
    };
  },
};

const isRunningOr = (world: World, workflowId: string) => () =>
  isRunning(world, workflowId)().catch(() => false);

const ends: (() => Promise<void>)[] = [];
const healedWithinMs = 60_000;

describe.each(['terminate', 'cancel'] as const)('after `temporal workflow %s`', (verb) => {
  let world: World;
  let lines: LogLine[];
  const healed = new Map<string, Promise<{ workflowId: string }>>();

  beforeAll(async () => {
    const log = keptLog();
    ({ lines } = log);
    world = await openWorld({ logger: log.logger });
    const begun = await Promise.all(
      Object.entries(scenes).map(async ([type, scene]) => ({ type, ...(await scene(world)) })),
    );
    await Promise.all(
      begun.map(async ({ workflowId }) => {
        const handle = world.temporal.workflow.getHandle(workflowId);
        await (verb === 'terminate' ? handle.terminate('by hand') : handle.cancel());
      }),
    );
    for (const { type, workflowId, isHealed } of begun) {
      const done = until(`${workflowId} is healed`, isHealed, healedWithinMs);
      done.catch(() => {});
      healed.set(
        type,
        done.then(() => ({ workflowId })),
      );
    }
  });
  afterAll(async () => {
    await world.close();
    for (const end of ends.splice(0)) await end();
  });

  test.each(Object.keys(scenes))(
    '%s is at work again within a minute, and an alert says so',
    async (type) => {
      const { workflowId } = await healed.get(type)!;
      await until('the alert', () =>
        lines.some(
          (line) => line['event'] === 'workflow.restarted' && line['workflowId'] === workflowId,
        ),
      );
    },
  );
});

type Order = { merchant: TestMerchant; order: OrderBody };

/** What a merchant can want of an order, the order it is wanted of, and what the order is afterwards. */
const commands: Record<
  string,
  { begin: (world: World) => Promise<Order>; verb: string; body?: object; becomes: object }
> = {
  cancel: {
    begin: async (world) => opened(await world.newMerchant()),
    verb: 'cancel',
    becomes: { status: 'closed', closeReason: 'cancelled' },
  },
  capture: {
    async begin(world) {
      const begun = await opened(await world.newMerchant(['stripe']), {
        methods: ['stripe.payment_intent'],
        capture: 'manual',
      });
      await payAtProvider(world, begun.merchant, begun.order);
      await orderBecomes(begun.merchant, begun.order, 'authorized');
      return begun;
    },
    verb: 'capture',
    becomes: { status: 'paid' },
  },
  switch: {
    begin: async (world) =>
      opened(await world.newMerchant(['alipay', 'wechat-pay']), {
        methods: ['alipay.qr', 'wechat-pay.native'],
      }),
    verb: 'payments',
    body: { method: 'wechat-pay.native' },
    becomes: { status: 'pending', payments: [{ status: 'closed' }, { status: 'pending' }] },
  },
  resolve: {
    async begin(world) {
      const begun = await opened(await world.newMerchant(['stripe']), {
        methods: ['stripe.payment_intent'],
      });
      await payAtProvider(world, begun.merchant, begun.order, { paidMinor: 1_000 });
      await orderBecomes(begun.merchant, begun.order, 'review');
      return begun;
    },
    verb: 'resolve',
    body: { verb: 'accept', note: 'seen in the portal' },
    becomes: { status: 'paid' },
  },
};

async function opened(merchant: TestMerchant, fields: object = {}): Promise<Order> {
  return { merchant, order: await openOrder(merchant, { ...fields }) };
}

describe('a command for an order whose workflow is gone', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  test.each(Object.entries(commands))(
    'starts it first, and is carried out: %s',
    async (_, { begin, verb, body, becomes }) => {
      const { merchant, order } = await begin(world);
      await world.temporal.workflow
        .getHandle(workflowIds.payOrder(order.id as OrderId))
        .terminate('by hand');
      const answer = await merchant.api<OrderBody>('POST', `/v1/orders/${order.id}/${verb}`, {
        ...(body && { body }),
        headers: { prefer: 'wait=30' },
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject(becomes);
    },
  );
});

test('readiness says what does not run, and strictly so where it is asked to', async () => {
  const world = await openWorld({ hasWorker: false });
  try {
    const look = async (query = '') => {
      const response = await fetch(`${world.url}/readyz${query}`);
      return [response.status, ((await response.json()) as { status: string }).status];
    };
    expect(await look()).toEqual([200, 'degraded']);
    expect(await look('?strict=true')).toEqual([503, 'degraded']);
  } finally {
    await world.close();
  }
});

test('an order that was terminated and then went on by news of its payment is an alert too', async () => {
  const { logger, lines } = keptLog();
  const world = await openWorld({ logger });
  try {
    const merchant = await world.newMerchant();
    const order = await openOrder(merchant);
    const workflowId = workflowIds.payOrder(order.id as OrderId);
    await world.temporal.workflow.getHandle(workflowId).terminate('as by a person');
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    // Whichever came first, the news or the recovery job.
    await until('the alert', () =>
      lines.find(
        ({ event, workflowId: id }) => id === workflowId && String(event).startsWith('workflow.'),
      ),
    );
  } finally {
    await world.close();
  }
});
