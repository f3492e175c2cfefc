import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelOrder, orderProgress, workflowIds } from '../../workflows/messages.ts';
import type { payOrder } from '../../workflows/pay-order.ts';
import { draftOrder } from '../support/drafts.ts';
import { eventsOf } from '../support/histories.ts';
import { openOrder, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { scriptFaults } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What an engineer sees of an order who opens the Temporal UI and has not read the code.

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

const handleOf = ({ id }: Pick<OrderBody, 'id'>) =>
  world.temporal.workflow.getHandle<typeof payOrder>(workflowIds.payOrder(id as `ord_${string}`));

/** What the UI shows at the top of a workflow's page, as the workflow last set it. */
async function currentDetailsOf(workflowId: string): Promise<string> {
  const metadata = await world.temporal.workflow
    .getHandle(workflowId)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

const detailsSay = (workflowId: string, pattern: RegExp) =>
  until(`details like ${pattern}`, async () => pattern.test(await currentDetailsOf(workflowId)));

/** Ids of the workflows that a query of the UI's list finds; visibility follows a little later. */
async function listed(query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of world.temporal.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

const isListed = (query: string, order: Pick<OrderBody, 'id'>) =>
  until(`${query} finds ${order.id}`, async () =>
    (await listed(query)).includes(`order/${order.id}`),
  );

test('an order says in one line what it is, and below it all that one has to know', async () => {
  const order = await openOrder(merchant);
  const handle = handleOf(order);
  const description = await handle.describe();
  expect(await description.staticSummary()).toBe(`CNY 12.50 · ${order.merchantOrderNo} · alipay`);
  const details = (await description.staticDetails()) ?? '';
  expect(details.split('\n')).toEqual([
    '**One cup of tea**',
    '- amount: CNY 12.50',
    `- merchant: ${merchant.merchantId}, their number: ${order.merchantOrderNo}`,
    `- provider: alipay, until ${order.expiresAt}`,
    `- API: ${world.url}/v1/orders/${order.id}`,
  ]);
});

test('an order says where it stands, at every stage', async () => {
  const order = await draftOrder(world, merchant);
  await scriptFaults(world, order, [{ call: 'create', kind: 'http500', times: 2 }]);
  await order.begin();
  const workflowId = workflowIds.payOrder(order.id);
  await detailsSay(workflowId, /^Opening the payment/);
  await detailsSay(workflowId, /^Waiting for the payer/);
  expect(await handleOf(order).query(orderProgress)).toEqual({ status: 'pending' });
  await payAtProvider(world, merchant, order);
  await handleOf(order).result();
  // Answered by a replay of the whole history, as the UI asks for it.
  await detailsSay(workflowId, /^Paid/);
  expect(await handleOf(order).query(orderProgress)).toEqual({ status: 'paid' });
});

test('an order in review says so, loudly', async () => {
  const order = await openOrder(merchant);
  await payAtProvider(world, merchant, order, { paidMinor: 100 });
  await detailsSay(workflowIds.payOrder(order.id as `ord_${string}`), /^IN REVIEW/);
  await isListed('TenderStatus = "review"', order);
  expect(await handleOf(order).query(orderProgress)).toEqual({ status: 'review' });
});

test('orders are found by merchant, number, provider and status', async () => {
  const [mine, other] = await Promise.all([openOrder(merchant), openOrder(merchant)]);
  await isListed(
    `TenderMerchant = "${merchant.merchantId}" and TenderOrderNo = "${mine.merchantOrderNo}"`,
    mine,
  );
  expect(await listed(`TenderOrderNo = "${mine.merchantOrderNo}"`)).toEqual([`order/${mine.id}`]);
  await isListed('TenderProvider = "alipay" and TenderStatus = "pending"', other);

  await payAtProvider(world, merchant, mine);
  await handleOf(other).executeUpdate(cancelOrder);
  await isListed('TenderStatus = "paid" and ExecutionStatus = "Completed"', mine);
  await isListed('TenderStatus = "closed" and ExecutionStatus = "Completed"', other);
  expect(await listed('TenderStatus = "pending"')).not.toContain(`order/${mine.id}`);
});

test('what the platform does by itself is one workflow each, with a summary', async () => {
  const found = await Promise.all(
    [workflowIds.sweep, workflowIds.dispatchEvents(0)].map(async (id) => {
      const description = await world.temporal.workflow.getHandle(id).describe();
      return [id, description.status.name, await description.staticSummary()];
    }),
  );
  expect(found).toEqual([
    ['sweep', 'RUNNING', 'Recovers work that a crash or an outage has stalled'],
    ['dispatch/0', 'RUNNING', 'Relays the events of shard 0 to endpoints'],
  ]);
  await detailsSay(workflowIds.sweep, /^Last run/);
  await detailsSay(workflowIds.dispatchEvents(0), /^Relays the events of shard 0/);
});

test('an order that is paid at once costs a handful of events', async () => {
  const order = await openOrder(merchant);
  await payAtProvider(world, merchant, order);
  await handleOf(order).result();
  const events = await eventsOf(handleOf(order));
  // More of them means more work for the server at every order: look twice before raising it.
  expect(events.length).toBeLessThanOrEqual(14);
});
