import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { signalOrder } from '../../orchestration/signal-order.ts';
import { createAccountHealth } from '../../services/payments/account-health.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { changeOfDispute } from '../../services/payments/change-of-dispute.ts';
import { closePayment } from '../../activities/payments/close-payment.ts';
import { createPayment } from '../../activities/payments/create-payment.ts';
import { createProviderDirectory } from '../../services/payments/provider-directory.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { currentPayment, readOrder } from '../../db/queries/read-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import { storeNotification } from '../../db/queries/store-notification.ts';
import { sealContext } from '../../db/sealed-columns.ts';
import { createSealer } from '../../db/sealed.ts';
import type { OrderId, PaymentId } from '../../domain/ids.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { createProvider } from '../../providers/create-provider.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { commandRequested, orderProgress, workflowIds } from '../../workflows/messages.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scriptFaults, tradeOf } from '../support/provider-book.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

/* Two things at once, and things in the wrong order: what an adversary of the money core tried. */

let world: World;
beforeAll(async () => {
  world = await openWorld({ retryGapsMs: Array.from({ length: 60 }, () => 250) });
});
afterAll(() => world.close());

const note = 'seen in the portal';
const methods = ['stripe.payment_intent'];
const lostForever = [{ call: 'notify', kind: 'lostForever', times: 9 }] as const;

const read = async ({ api }: TestMerchant, { id }: { id: string }) =>
  (await api<OrderBody>('GET', `/v1/orders/${id}`)).body;

const rowOf = async ({ id }: { id: string }) =>
  (await readOrder(world.db, { orderId: id as OrderId })).order;

const post = (merchant: TestMerchant, order: { id: string }, verb: string, body?: object) =>
  merchant.api<OrderBody & { why?: string }>('POST', `/v1/orders/${order.id}/${verb}`, {
    ...(body && { body }),
    headers: { prefer: 'wait=20' },
  });

const eventsOf = async ({ id }: { id: string }): Promise<string[]> => {
  const { rows } = await world.db.$client.query<{ type: string }>(
    'select type from events where resource_id = $1 order by seq',
    [id],
  );
  return rows.map(({ type }) => type);
};

/** What an activity works with, for those that are run beside the workflow's own. */
function activityDeps(): ActivityDeps {
  const logger = createLogger({ level: 'silent', name: 'test' });
  const sealer = createSealer(world.config.secretKeys);
  const { db, temporal: client } = world;
  return {
    db,
    client,
    sealer,
    logger,
    taskQueue: 'tender',
    publicUrl: world.url,
    providers: createProviderDirectory({ db, sealer }),
    health: createAccountHealth({ db, logger }),
  } as ActivityDeps;
}

describe('an order in review', () => {
  test('that is accepted and then confirmed by its merchant keeps its money', async () => {
    const receiver = await startReceiver();
    receiver.answerWith(() => ({ status: 200, body: JSON.stringify({ answer: 'accept' }) }));
    const merchant = await world.newMerchant(['stripe']);
    const confirm = { url: receiver.url, withinSeconds: 30 };
    const order = await openOrder(merchant, { methods, confirm });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    await orderBecomes(merchant, order, 'review');
    await post(merchant, order, 'resolve', { verb: 'accept', note });
    const decided = await until('the merchant has answered', async () => {
      const found = await read(merchant, order);
      const isAnswered = found.confirmation === 'accepted' || found.refunds.length > 0;
      return isAnswered ? found : undefined;
    });
    expect(decided).toMatchObject({ status: 'paid', confirmation: 'accepted', refunds: [] });
    await receiver.stop();
  });

  const mismatchedBeforeSwitch = async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000, force: true });
    await orderBecomes(merchant, order, 'review');
    return { merchant, order: body };
  };

  test('is accepted with the money of the attempt before the switch', async () => {
    const { merchant, order } = await mismatchedBeforeSwitch();
    const { status, body } = await post(merchant, order, 'resolve', { verb: 'accept', note });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'paid',
      capturedMinor: 1_000,
      payments: [{ status: 'succeeded', capturedMinor: 1_000 }, { capturedMinor: 0 }],
    });
    await until('the new attempt is closed', async () => {
      const trade = await tradeOf(world, merchant, order.payments[1]!);
      return trade?.status === 'closed' || undefined;
    });
  });

  test('is decided about the payment that it shows, whatever came to another since', async () => {
    const { merchant, order } = await mismatchedBeforeSwitch();
    const [shown, other] = order.payments;
    const lost = [{ call: 'notify', kind: 'lostForever', times: 9 }] as const;
    await scriptFaults(world, other!, [...lost], 'stripe');
    await payAtProvider(world, merchant, order, { paidMinor: 900 });
    const { body } = await post(merchant, order, 'resolve', { verb: 'accept', note });
    expect(body).toMatchObject({
      status: 'paid',
      capturedMinor: 1_000,
      payments: [{ id: shown!.id, status: 'succeeded', capturedMinor: 1_000 }, { id: other!.id }],
    });
    // What came to the other has no use here, whatever its amount.
    await until('the other goes back', async () => {
      const { refunds } = await read(merchant, order);
      return refunds.some(
        ({ status, amountMinor }) => status === 'succeeded' && amountMinor === 900,
      );
    });
  });

  test('is not closed while the attempt before the switch has money', async () => {
    const { merchant, order } = await mismatchedBeforeSwitch();
    const { status, body } = await post(merchant, order, 'resolve', { verb: 'close', note });
    expect(status).toBe(409);
    expect(body.why).toBe('paid_at_provider');
    expect(await read(merchant, order)).toMatchObject({ status: 'review' });
  });

  test('that was closed is in doubt again, and refunds, when its provider reports money after all', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, { methods, capture: 'manual' });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    await orderBecomes(merchant, order, 'review');
    const { body } = await post(merchant, order, 'resolve', { verb: 'close', note });
    expect(body).toMatchObject({ status: 'closed', reviewReason: null });

    const money = { currency: order.currency, providerTradeNo: 'pi_late' };
    const report = (report: ProviderReport) =>
      applyReport(activityDeps(), {
        orderId: order.id as OrderId,
        paymentId: order.payments[0]!.id as PaymentId,
        report,
        closeReason: 'closed_by_provider',
      });
    await report({ status: 'authorized', authorizedMinor: 1_000, ...money });
    expect(await read(merchant, order)).toMatchObject({
      status: 'closed',
      review: { reason: 'amount_mismatch', verbs: ['dismiss'] },
    });
    await report({ status: 'succeeded', paidMinor: 1_000, ...money });
    expect(await read(merchant, order)).toMatchObject({
      status: 'closed',
      payments: [{ status: 'succeeded', capturedMinor: 1_000 }],
      refunds: [{ cause: 'late_payment', amountMinor: 1_000 }],
    });
  });

  test('is no longer to be cancelled', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, { methods });
    await scriptFaults(world, order.payments[0]!, [...lostForever], 'stripe');
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    await post(merchant, order, 'cancel');
    await orderBecomes(merchant, order, 'review');
    expect(await rowOf(order)).toMatchObject({ cancelRequestedAt: null, commandedAt: null });
  });
});

describe('held money', () => {
  const opened = async () => {
    const merchant = await world.newMerchant(['stripe']);
    return { merchant, order: await openOrder(merchant, { methods, capture: 'manual' }) };
  };

  test('that is found only at the expiry is kept', async () => {
    const { merchant, order } = await opened();
    await scriptFaults(world, order.payments[0]!, [...lostForever], 'stripe');
    await payAtProvider(world, merchant, order);
    await closePayment(activityDeps(), { orderId: order.id as OrderId, reason: 'expired' });
    expect(await read(merchant, order)).toMatchObject({ status: 'authorized' });
    expect((await post(merchant, order, 'capture')).status).toBe(200);
  });

  test('is captured although an earlier capture was refused', async () => {
    const { merchant, order } = await opened();
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'authorized');
    await world.db.$client.query(`update orders set failure_code = 'refused' where id = $1`, [
      order.id,
    ]);
    const { status, body } = await post(merchant, order, 'capture');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'paid', failureCode: null });
  });

  test('of two captures of different amounts one is carried out and the other refused', async () => {
    const { merchant, order } = await opened();
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'authorized');
    const answers = await Promise.all([
      post(merchant, order, 'capture', { amountMinor: 900 }),
      post(merchant, order, 'capture', { amountMinor: 800 }),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(await tradeOf(world, merchant, order.payments[0]!)).toMatchObject({ captures: 1 });
  });

  test('is no late payment when the news of it comes after it was let go', async () => {
    const { merchant, order } = await opened();
    await scriptFaults(world, order.payments[0]!, [...lostForever], 'stripe');
    await payAtProvider(world, merchant, order);
    expect((await post(merchant, order, 'cancel')).status).toBe(200);
    const { accountId } = merchant.accounts[0]!;
    const { providers, db, client, taskQueue } = activityDeps();
    const [payment] = order.payments;
    const provider = await providers.get(accountId);
    const stored = await storeNotification(db, {
      accountId,
      providerNotificationId: `late-${order.id}`,
      rawBody: '{}',
      binding: provider.expectedBinding(payment!),
      news: {
        kind: 'payment',
        report: {
          status: 'authorized',
          authorizedMinor: 1250,
          currency: 'CNY',
          providerTradeNo: (await read(merchant, order)).payments[0]?.providerTradeNo ?? 'pi_1',
        },
      },
    });
    if (stored.kind !== 'stored') throw new Error(`the notification is ${stored.kind}`);
    await signalOrder({ client, taskQueue, ...stored, notificationId: stored.id });
    await until('the news is dealt with', async () => {
      const { rows } = await db.$client.query(
        'select from provider_notifications where id = $1 and applied_at is not null',
        [stored.id],
      );
      return rows.length > 0;
    });
    expect(await eventsOf(order)).not.toContain('order.late_payment');
    expect(await read(merchant, order)).toMatchObject({ payments: [{ surplus: null }] });
  });
});

describe('commands', () => {
  test('a cancellation that nobody heard outlives a switch', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const orderId = order.id as OrderId;
    const method = 'stripe.checkout';
    await requestCommand(world.db, { orderId, command: { kind: 'cancel' } });
    await requestCommand(world.db, { orderId, command: { kind: 'switch', method } });
    const { temporal } = world;
    await temporal.workflow
      .getHandle(workflowIds.payOrder(orderId))
      .signal(commandRequested, { wish: 'switch' });
    await until('the switch is done', async () => {
      const found = await read(merchant, order);
      return found.payments.length === 2;
    });
    expect(await orderBecomes(merchant, order, 'closed')).toMatchObject({
      closeReason: 'cancelled',
    });
  });

  test('an order that was switched to a provider that is away can be cancelled', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { call } = await world.simulator('stripe');
    const { account } = merchant.accounts[1]!;
    await call('POST', '/faults', {
      body: { account, call: 'create', kind: 'http500', times: 99 },
    });
    await merchant.api('POST', `/v1/orders/${order.id}/payments`, {
      body: { method: 'stripe.checkout' },
      headers: { prefer: 'respond-async' },
    });
    await until('the switch is made', async () => {
      const found = await read(merchant, order);
      return found.payments.length === 2;
    });
    const { status, body } = await post(merchant, order, 'cancel');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'closed', closeReason: 'cancelled' });
  });
});

test('an attempt that another opened meanwhile is not given up by a late no', async () => {
  const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
  const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
  const setStatus = (status: string) =>
    world.db.$client.query(
      `with touched as (update orders set version = version + 1 where id = $1)
       update payments set status = $2 where order_id = $1`,
      [order.id, status],
    );
  await setStatus('created');
  const deps = activityDeps();
  const provider = {
    ...(await deps.providers.get(merchant.accounts[0]!.accountId)),
    // The zombie of an activity that ran out of its time: its successor was faster.
    createPayment: async () => {
      await setStatus('pending');
      return { kind: 'declined', code: 'LATE', message: 'no' } as const;
    },
  };
  const providers = { find: async () => provider, get: async () => provider };
  await createPayment({ ...deps, providers }, { orderId: order.id as OrderId });
  expect(await read(merchant, order)).toMatchObject({
    status: 'pending',
    payments: [{ status: 'pending', failureCode: null }],
  });
});

describe('an account whose keys were revoked', () => {
  /** Moves an attempt to another account of its merchant, that nobody has used and whose keys are refused. */
  const revokeAccountOf = async (merchant: TestMerchant, order: OrderBody) => {
    const { db, sealer } = activityDeps();
    const { id, outTradeNo } = order.payments.at(-1)!;
    const { rows } = await db.$client.query<{ account_id: string }>(
      'select account_id from payments where id = $1',
      [id],
    );
    const { accountId } = merchant.accounts.findLast(
      (one) => one.provider === 'stripe' && one.accountId !== rows[0]?.account_id,
    )!;
    const revoked = JSON.stringify({ secretKey: 'sk_test_revoked', webhookSecrets: 'whsec_x' });
    await db.$client.query('update provider_accounts set sealed_credentials = $2 where id = $1', [
      accountId,
      sealer.seal(revoked, sealContext('provider_accounts.credentials', accountId)),
    ]);
    await db.$client.query('update payments set account_id = $2 where id = $1', [id, accountId]);
    const account = await findProviderAccount({ db, sealer }, { accountId });
    const { expectedBinding } = await createProvider(account!);
    return { accountId, binding: expectedBinding({ outTradeNo }) };
  };

  /** Asks the workflow only after it was refused: what it answers, it answers for all that came before. */
  const afterRefusal = async (order: { id: string }) => {
    const handle = world.temporal.workflow.getHandle(workflowIds.payOrder(order.id as OrderId));
    await until('the provider has refused', async () => {
      const { events } = await handle.fetchHistory();
      return events?.some(({ activityTaskFailedEventAttributes: failed }) => failed);
    });
    const progress = await handle.query(orderProgress);
    return { ...progress, workflow: (await handle.describe()).status.name };
  };

  test('does not end an order that has news nobody can ask about', async () => {
    const merchant = await world.newMerchant(['stripe', 'stripe']);
    const order = await openOrder(merchant, { methods });
    const { accountId, binding } = await revokeAccountOf(merchant, order);
    const { db, client, taskQueue } = activityDeps();
    const stored = await storeNotification(db, {
      accountId,
      binding,
      providerNotificationId: `hint-${order.id}`,
      rawBody: '{}',
      news: { kind: 'hint' },
    });
    if (stored.kind !== 'stored') throw new Error(`the notification is ${stored.kind}`);
    await signalOrder({ client, taskQueue, ...stored, notificationId: stored.id });
    expect(await afterRefusal(order)).toEqual({ status: 'pending', workflow: 'RUNNING' });
  });

  test('does not let an attempt that is left behind be forgotten', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await revokeAccountOf(merchant, body);
    await payAtProvider(world, merchant, order, { force: true });
    await orderBecomes(merchant, order, 'paid');
    expect(await afterRefusal(order)).toEqual({ status: 'paid', workflow: 'RUNNING' });
  });
});

test('one refund number asked for on two orders at once makes one refund', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const paid = async () => {
    const order = await openOrder(merchant, { methods });
    await payAtProvider(world, merchant, order);
    return orderBecomes(merchant, order, 'paid');
  };
  const orders = await Promise.all([paid(), paid(), paid(), paid()]);
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      orders.map(({ id }) =>
        merchant.api<RefundBody>('POST', `/v1/orders/${id}/refunds`, {
          body: { merchantRefundNo: `two-${round}`, amountMinor: 1 },
          headers: { prefer: 'respond-async' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201, 409, 409, 409,
    ]);
  }
});

test('the attempt that is open counts, though a clock behind gave it the smaller id', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const order = await openOrder(merchant, { methods });
  const found = await readOrder(world.db, { orderId: order.id as OrderId });
  const [payment] = found.payments;
  const open = { ...payment!, status: 'created' as const };
  const failed = { ...payment!, status: 'failed' as const };
  expect(currentPayment({ payments: [open, failed] })).toBe(open);
  expect(currentPayment({ payments: [failed, open] })).toBe(open);
});

test('a dispute in another currency is recorded, and not entered in the books', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const order = await openOrder(merchant, { methods });
  const found = await readOrder(world.db, { orderId: order.id as OrderId });
  const report = { disputeNo: 'dp_1', status: 'open', amountMinor: 180, reason: 'fraud' } as const;
  const changeIn = (currency: string) =>
    changeOfDispute({
      read: found,
      payment: { ...found.payments[0]!, status: 'succeeded' },
      report: { ...report, currency },
    });
  expect(changeIn('USD')).toMatchObject({ dispute: { currency: 'USD' } });
  expect(changeIn('USD')?.ledger).toBeUndefined();
  expect(changeIn('CNY')?.ledger?.postings).toHaveLength(1);
});

test('what was answered under a key is answered again when no account is left', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const request = {
    body: newOrder({ methods }),
    headers: { 'idempotency-key': `again-${merchant.merchantId}` },
  };
  const first = await merchant.api<OrderBody>('POST', '/v1/orders', request);
  await world.db.$client.query('update provider_accounts set enabled = false where id = $1', [
    merchant.accounts[0]!.accountId,
  ]);
  const again = await merchant.api<OrderBody>('POST', '/v1/orders', request);
  expect(again).toMatchObject({ status: 201, text: first.text });
});

test('an order that is taken up again by a repeated request keeps its own deadline', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const body = newOrder({ methods });
  const { body: order } = await merchant.api<OrderBody>('POST', '/v1/orders', { body });
  const handle = world.temporal.workflow.getHandle(workflowIds.payOrder(order.id as OrderId));
  await handle.terminate();
  await merchant.api('POST', '/v1/orders', { body: { ...body } });
  const started = await until('it is taken up again', async () => {
    const { status } = await handle.describe();
    return status.name === 'RUNNING' && (await handle.fetchHistory()).events?.[0];
  });
  const { input } = started.workflowExecutionStartedEventAttributes ?? {};
  const said: unknown = JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? []).toString());
  expect(said).toMatchObject({ expiresAtMs: Date.parse(order.expiresAt) });
});
