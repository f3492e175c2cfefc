import { eq, isNull, ne } from 'drizzle-orm';
import { expect } from 'vitest';
import { deliveries, events, providerNotifications } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { ApiClient } from './api-client.ts';
import { publishAll } from './events.ts';
import type { Feed } from './events.ts';
import { openOrder, orderBecomes, payAtProvider } from './orders.ts';
import type { OrderBody, RefundBody } from './orders.ts';
import type { Receiver } from './receiver.ts';
import { until } from './until.ts';
import type { TestMerchant, World } from './world.ts';

type Flow = {
  world: World;
  merchant: TestMerchant;
  /** The API that is written to, and the one that is asked what came of it. */
  doors: { write: ApiClient; read: ApiClient };
  /** Gets everything that the merchant's events are delivered to. */
  receiver: Receiver;
};

let rounds = 0;

/** What a merchant does in a day: sells, gives back, publishes, reads the feed, waits, and gets deliveries. */
export async function runAllFlows(flow: Flow): Promise<void> {
  await Promise.all([sellAndGiveBack(flow), publishAndRead(flow)]);
}

/** An order is opened at the one API, paid at the provider while the other waits for it, and refunded there. */
async function sellAndGiveBack({ world, merchant, doors, receiver }: Flow): Promise<void> {
  const writer = { ...merchant, api: doors.write };
  const reader = { ...merchant, api: doors.read };
  const order = await openOrder(writer);
  const [paid] = await Promise.all([
    orderBecomes(reader, order, 'paid'),
    payAtProvider(world, merchant, order),
  ]);
  expect(paid.payments.map(({ status, capturedMinor }) => ({ status, capturedMinor }))).toEqual([
    { status: 'succeeded', capturedMinor: 1250 },
  ]);
  const part = await refund(reader, order, { amountMinor: 400 });
  await orderBecomes(writer, order, 'partially_refunded');
  const rest = await refund(writer, order, {});
  expect([part.amountMinor, rest.amountMinor]).toEqual([400, 850]);
  const refunded = await orderBecomes(reader, order, 'refunded');
  expect(refunded.refunds.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  await until('the order’s events at the endpoint', () => {
    const types = new Set(
      receiver.received
        .filter(({ event }) => event.data.id === order.id)
        .map(({ event }) => event.type),
    );
    return types.has('order.paid') && types.has('refund.succeeded');
  });
}

async function refund(
  { api }: TestMerchant,
  { id }: OrderBody,
  body: { amountMinor?: number },
): Promise<RefundBody> {
  const answer = await api<RefundBody>('POST', `/v1/orders/${id}/refunds`, {
    body: { merchantRefundNo: newId('refund'), ...body },
    headers: { prefer: 'wait=30' },
  });
  expect(answer).toMatchObject({ status: 201, body: { status: 'succeeded' } });
  return answer.body;
}

/** One event, many, and a burst of requests that are gathered; a reader at the other API waits for them. */
async function publishAndRead({ doors, merchant, receiver }: Flow): Promise<void> {
  rounds += 1;
  const resourceId = `flow-${process.pid}-${rounds}`;
  const writer = { ...merchant, api: doors.write };
  const event = (data: number) => ({ type: 'flow.moved', resourceId, data: { data } });
  const readAll = async () => {
    const seen: string[] = [];
    let cursor = '0';
    await until('all published events in the feed', async () => {
      const { body } = await doors.read<Feed>(
        'GET',
        `/v1/events?after=${cursor}&resourceId=${resourceId}&wait=20`,
      );
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
      return seen.length >= 19;
    });
    return seen;
  };
  const reading = readAll();
  const published = [
    await publishAll(writer, [event(0)]),
    await publishAll(
      writer,
      Array.from({ length: 10 }, (_, index) => event(index)),
    ),
    ...(await Promise.all(
      Array.from({ length: 8 }, (_, index) => publishAll(writer, [event(index)])),
    )),
  ].flat();
  expect((await reading).toSorted()).toEqual(published.toSorted());
  await until('all published events at the endpoint', () =>
    published.every((id) => receiver.received.some(({ event: { id: got } }) => got === id)),
  );
}

/** Waits until nothing is left to do; fails where something cannot be done. */
export async function nothingIsStuck({ db, temporal }: World): Promise<void> {
  await until(
    'every event numbered, every delivery made and every notification applied',
    async () => {
      const left = await Promise.all([
        db.$count(events, isNull(events.position)),
        db.$count(deliveries, ne(deliveries.status, 'delivered')),
        db.$count(providerNotifications, isNull(providerNotifications.appliedAt)),
      ]);
      return left.every((count) => count === 0);
    },
  );
  expect(await db.select().from(deliveries).where(eq(deliveries.status, 'dead'))).toEqual([]);
  await until('no workflow and no activity tries again', async () => {
    for await (const { workflowId, runId, status } of temporal.workflow.list()) {
      if (status.name === 'FAILED' || status.name === 'TERMINATED')
        throw new Error(`workflow ${workflowId} ended as ${status.name}`);
      if (status.name !== 'RUNNING') continue;
      const { raw } = await temporal.workflow.getHandle(workflowId, runId).describe();
      const isTryingAgain =
        (raw.pendingWorkflowTask?.attempt ?? 1) > 1 ||
        raw.pendingActivities?.some(({ lastFailure }) => lastFailure);
      if (isTryingAgain) return false;
    }
    return true;
  });
}

/** The process ids of the workers that had a part in what was done. */
export async function workersSeen({ temporal }: World): Promise<Set<number>> {
  const seen = new Set<number>();
  for await (const { workflowId, runId } of temporal.workflow.list()) {
    const { events: history } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const entry of history ?? []) {
      const identity =
        entry.workflowTaskCompletedEventAttributes?.identity ??
        entry.activityTaskStartedEventAttributes?.identity;
      if (identity) seen.add(Number.parseInt(identity, 10));
    }
  }
  return seen;
}
