import { generateKeyPairSync } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events, orders, providerNotifications } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { AccountId, OrderId } from '../../domain/ids.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { newSigningMerchant } from '../support/signing-merchant.ts';
import type { SigningMerchant } from '../support/signing-merchant.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let signing: SigningMerchant;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  [signing, merchant] = await Promise.all([newSigningMerchant(world), world.newMerchant()]);
});
afterAll(() => world.close());

const accepted = { status: 200, text: 'success' };
const rejected = { status: 400, text: 'fail' };

async function eventTypesOf({ id }: OrderBody): Promise<string[]> {
  const rows = await world.db
    .select({ type: events.type })
    .from(events)
    .where(eq(events.resourceId, id))
    .orderBy(asc(events.id));
  return rows.map(({ type }) => type);
}

const storedAt = (accountId: AccountId) =>
  world.db
    .select()
    .from(providerNotifications)
    .where(eq(providerNotifications.accountId, accountId));

/** No sign of money. */
const unpaid = { gmt_payment: '', receipt_amount: '' };

/** Waits until the inbox has dealt with a notification; what it came to. */
const outcomeOf = (notifyId: string | undefined) =>
  until(`notification ${notifyId} dealt with`, async () => {
    const [row] = await world.db
      .select()
      .from(providerNotifications)
      .where(eq(providerNotifications.providerNotificationId, notifyId ?? ''));
    return row?.appliedAt ? (row.outcome ?? undefined) : undefined;
  });

async function readOrder({ api }: TestMerchant, { id }: OrderBody): Promise<OrderBody> {
  return (await api<OrderBody>('GET', `/v1/orders/${id}`)).body;
}

describe('a payment notification', () => {
  test('pays the order, with the time and the number the provider gave', async () => {
    const order = await signing.openOrder();
    const fields = signing.paidFields(order);
    expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
    const paid = await orderBecomes(signing, order, 'paid');
    expect(paid).toMatchObject({
      paidAt: '2026-11-22T09:29:59.000Z',
      reviewReason: null,
      payments: [{ status: 'succeeded', providerTradeNo: fields['trade_no'] }],
    });
    expect(await outcomeOf(fields['notify_id'])).toBe('applied');
  });

  test('that comes five times at once, and again later, counts once', async () => {
    const order = await signing.openOrder();
    const fields = signing.paidFields(order);
    const rawBody = signing.signedBody(fields);
    const answers = await Promise.all(Array.from({ length: 5 }, () => signing.post(rawBody)));
    expect(answers).toEqual(Array.from({ length: 5 }, () => accepted));
    const paid = await orderBecomes(signing, order, 'paid');
    expect(await signing.post(rawBody)).toEqual(accepted);
    const stored = await world.db
      .select()
      .from(providerNotifications)
      .where(eq(providerNotifications.orderId, order.id as OrderId));
    expect(stored).toHaveLength(1);
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
    expect(await readOrder(signing, order)).toEqual(paid);
  });

  test('under a new id about the same payment changes nothing', async () => {
    const order = await signing.openOrder();
    const first = signing.paidFields(order);
    await signing.post(signing.signedBody(first));
    const paid = await orderBecomes(signing, order, 'paid');
    const second = { ...first, notify_id: `${first['notify_id']}x` };
    expect(await signing.post(signing.signedBody(second))).toEqual(accepted);
    expect(await outcomeOf(second['notify_id'])).toBe('unchanged');
    expect(await readOrder(signing, order)).toEqual(paid);
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.paid']);
  });

  test('that comes out of order, or says closed afterwards, takes no payment back', async () => {
    const order = await signing.openOrder();
    const paidFields = signing.paidFields(order);
    await signing.post(signing.signedBody(paidFields));
    const paid = await orderBecomes(signing, order, 'paid');
    for (const status of ['WAIT_BUYER_PAY', 'TRADE_CLOSED', 'SOMETHING_NEW']) {
      const fields = signing.paidFields(order, { trade_status: status, ...unpaid });
      expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
      expect(await outcomeOf(fields['notify_id'])).toBe('unchanged');
    }
    expect(await readOrder(signing, order)).toEqual(paid);
  });

  test('is acknowledged and kept when it is for no payment of ours', async () => {
    const order = await signing.openOrder();
    const fields = signing.paidFields(order, { out_trade_no: '00000000000000000000000000' });
    expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
    expect(await outcomeOf(fields['notify_id'])).toBe('unmatched');
    expect((await readOrder(signing, order)).status).toBe('pending');
  });

  test('of a refund moves nothing before the provider was asked', async () => {
    const order = await signing.openOrder();
    const fields = signing.paidFields(order, { refund_fee: '3.00', out_biz_no: 're_1' });
    expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
    expect((await readOrder(signing, order)).status).toBe('pending');
  });

  test('about something else than a trade is acknowledged and forgotten', async () => {
    const before = await storedAt(signing.accountId);
    const order = await signing.openOrder();
    const fields = signing.paidFields(order, { notify_type: 'user_certify_sync' });
    expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
    expect(await storedAt(signing.accountId)).toHaveLength(before.length);
  });
});

describe('a forged notification is refused, and nothing changes', () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  test.each<[string, (order: OrderBody) => string]>([
    [
      'signed with a key that is not the provider’s',
      (order) => signing.signedBody(signing.paidFields(order), { key: stranger }),
    ],
    [
      'signed with SHA-1',
      (order) => signing.signedBody(signing.paidFields(order), { algorithm: 'RSA-SHA1' }),
    ],
    [
      'that names a weaker algorithm',
      (order) =>
        signing.signedBody(signing.paidFields(order)).replace('sign_type=RSA2', 'sign_type=RSA'),
    ],
    [
      'with an amount changed after it was signed',
      (order) =>
        signing
          .signedBody(signing.paidFields(order, { total_amount: '0.01' }))
          .replace('total_amount=0.01', 'total_amount=12.50'),
    ],
    [
      'with a second amount',
      (order) =>
        `${signing.signedBody(signing.paidFields(order, { total_amount: '0.01' }))}&total_amount=12.50`,
    ],
    [
      'without a signature',
      (order) =>
        new URLSearchParams({ ...signing.paidFields(order), sign_type: 'RSA2' }).toString(),
    ],
    ['of nothing', () => ''],
    ['in JSON', () => '{"trade_status":"TRADE_SUCCESS"}'],
    ['of junk', () => '%%%=\u0000&&&=%zz'],
  ])('%s', async (_, forge) => {
    const order = await signing.openOrder();
    const before = await readOrder(signing, order);
    const stored = await storedAt(signing.accountId);
    expect(await signing.post(forge(order))).toEqual(rejected);
    expect(await storedAt(signing.accountId)).toHaveLength(stored.length);
    expect(await readOrder(signing, order)).toEqual(before);
    expect(await eventTypesOf(order)).toEqual(['order.created']);
  });

  test('by another merchant who signs rightly for an account of their own', async () => {
    const other = await newSigningMerchant(world);
    const order = await signing.openOrder();
    const asIfOurs = signing.paidFields(order);
    // Their key does not open our account's door ...
    expect(await signing.post(other.signedBody(asIfOurs))).toEqual(rejected);
    // ... and at their own door our number is no payment of theirs.
    expect(await other.post(other.signedBody(asIfOurs))).toEqual(accepted);
    expect(await outcomeOf(asIfOurs['notify_id'])).toBe('unmatched');
    expect((await readOrder(signing, order)).status).toBe('pending');
    expect(await eventTypesOf(order)).toEqual(['order.created']);
  });

  test('at an account that does not exist', async () => {
    for (const id of [newId('account'), 'acc_1', signing.merchantId, '%00']) {
      const { status } = await fetch(`${world.url}/providers/${id}/notifications`, {
        method: 'POST',
        body: 'x=1',
      });
      expect(`${id} ${status}`).toBe(`${id} 404`);
    }
  });
});

describe('a notification that contradicts the order puts it in review, and never pays it', () => {
  test.each([
    ['amount_mismatch', { total_amount: '12.49' }],
    ['amount_mismatch', { total_amount: '12.51' }],
    ['amount_mismatch', { total_amount: '0.00' }],
    ['amount_mismatch', { total_amount: '1250' }],
    ['app_mismatch', { app_id: '2021000000000000' }],
    ['seller_mismatch', { seller_id: '2088000000000000' }],
  ])('%s %j', async (reason, changes) => {
    const order = await signing.openOrder();
    const fields = signing.paidFields(order, changes);
    expect(await signing.post(signing.signedBody(fields))).toEqual(accepted);
    expect(await outcomeOf(fields['notify_id'])).toBe('review');
    expect(await readOrder(signing, order)).toMatchObject({
      status: 'review',
      reviewReason: reason,
      payments: [{ status: 'created' }],
    });
    expect(await eventTypesOf(order)).toEqual(['order.created', 'order.review_required']);
  });

  test.each(['12.5x', '-12.50', '12.505', '1e1', ''])(
    'an amount that reads %j is refused',
    async (amount) => {
      const order = await signing.openOrder();
      const fields = signing.paidFields(order, { total_amount: amount });
      expect(await signing.post(signing.signedBody(fields))).toEqual(rejected);
      expect((await readOrder(signing, order)).status).toBe('pending');
    },
  );

  test('and the right one afterwards pays it', async () => {
    const order = await signing.openOrder();
    await signing.post(signing.signedBody(signing.paidFields(order, { total_amount: '0.01' })));
    await orderBecomes(signing, order, 'review');
    await signing.post(signing.signedBody(signing.paidFields(order)));
    const paid = await orderBecomes(signing, order, 'paid');
    expect(paid.reviewReason).toBeNull();
    expect(await eventTypesOf(order)).toEqual([
      'order.created',
      'order.review_required',
      'order.paid',
    ]);
  });

  test('a second trade under a paid number marks the order, which stays paid', async () => {
    const order = await signing.openOrder();
    await signing.post(signing.signedBody(signing.paidFields(order)));
    await orderBecomes(signing, order, 'paid');
    const second = signing.paidFields(order, { trade_no: '2026112222001400000000000002' });
    await signing.post(signing.signedBody(second));
    expect(await outcomeOf(second['notify_id'])).toBe('review');
    expect(await readOrder(signing, order)).toMatchObject({
      status: 'paid',
      reviewReason: 'trade_no_mismatch',
      review: {
        reason: 'trade_no_mismatch',
        provider: 'alipay',
        verbs: ['dismiss'],
        expected: { providerTradeNo: expect.any(String) },
        reported: { amountMinor: 1250, providerTradeNo: '2026112222001400000000000002' },
        notificationId: expect.stringMatching(/^ntf_/),
      },
    });
    const resolve = (verb: string) =>
      signing.api<OrderBody>('POST', `/v1/orders/${order.id}/resolve`, {
        body: { verb, note: 'given back in the portal' },
      });
    expect((await resolve('accept')).status).toBe(409);
    const dismissed = await resolve('dismiss');
    expect(dismissed.body).toMatchObject({ status: 'paid', review: null });
    expect((await resolve('dismiss')).status).toBe(409);
    // The same said again is decided already.
    await signing.post(
      signing.signedBody(signing.paidFields(order, { trade_no: '2026112222001400000000000002' })),
    );
    expect(await eventTypesOf(order)).toEqual([
      'order.created',
      'order.paid',
      'order.review_required',
      'order.review_resolved',
    ]);
  });

  test.each(['wrongApp', 'wrongSeller'])('as when the simulator sends %s', async (kind) => {
    const order = await openOrder(merchant);
    const outTradeNo = order.payments[0]?.outTradeNo;
    const { call } = await world.simulator();
    await call('POST', '/faults', { body: { call: 'notify', kind, outTradeNo } });
    await payAtProvider(world, merchant, order);
    const inReview = await orderBecomes(merchant, order, 'review');
    expect(inReview.payments[0]?.status).toBe('pending');
  });

  test('as when the payer pays less than the order', async () => {
    const order = await openOrder(merchant);
    await payAtProvider(world, merchant, order, { paidMinor: 1_249 });
    const inReview = await orderBecomes(merchant, order, 'review');
    expect(inReview).toMatchObject({ reviewReason: 'amount_mismatch' });
  });
});

describe('money that arrives after the end', () => {
  test('of a cancelled order is recorded and given back; the order stays closed', async () => {
    const order = await openOrder(merchant);
    const cancelled = await merchant.api<OrderBody>('POST', `/v1/orders/${order.id}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'closed', closeReason: 'cancelled' });
    // The code was never scanned: at Alipay there was no trade to close, and it can still be paid.
    await payAtProvider(world, merchant, order);
    const marked = await until('the late payment', async () => {
      const now = await readOrder(merchant, order);
      return now.refunds[0]?.status === 'succeeded' && now;
    });
    expect(marked).toMatchObject({
      status: 'closed',
      closeReason: 'cancelled',
      payments: [
        {
          status: 'succeeded',
          surplus: 'late',
          providerTradeNo: expect.stringMatching(/^\d{28}$/),
        },
      ],
      refunds: [{ cause: 'late_payment', amountMinor: 1250 }],
    });
    expect(await eventTypesOf(order)).toEqual([
      'order.created',
      'order.closed',
      'order.late_payment',
      'refund.succeeded',
    ]);
  });

  test('after the provider itself closed the trade is recorded just so', async () => {
    const order = await signing.openOrder();
    const closedFields = signing.paidFields(order, { trade_status: 'TRADE_CLOSED', ...unpaid });
    await signing.post(signing.signedBody(closedFields));
    const closed = await orderBecomes(signing, order, 'closed');
    expect(closed.closeReason).toBe('closed_by_provider');
    const late = signing.paidFields(order);
    await signing.post(signing.signedBody(late));
    expect(await outcomeOf(late['notify_id'])).toBe('applied');
    expect(await readOrder(signing, order)).toMatchObject({
      status: 'closed',
      payments: [{ status: 'succeeded', surplus: 'late' }],
      refunds: [{ status: 'pending', cause: 'late_payment' }],
    });
  });
});

describe('a provider that declines', () => {
  test.each([['an amount above its limit', { amountMinor: 10_000_000_001 }, 'TOTAL_FEE_EXCEED']])(
    '%s fails the order at once',
    async (_, fields, failureCode) => {
      const order = await openOrder(merchant, fields);
      expect(order).toMatchObject({
        status: 'failed',
        failureCode,
        nextAction: null,
        payments: [{ status: 'failed' }],
      });
      expect(await eventTypesOf(order)).toEqual(['order.created', 'order.failed']);
      const [row] = await world.db
        .select()
        .from(orders)
        .where(eq(orders.id, order.id as OrderId));
      expect(row?.version).toBe(order.version);
    },
  );
});

test('a notification that is not UTF-8 is refused, not repaired, and nothing of it is kept', async () => {
  const order = await signing.openOrder();
  const before = await storedAt(signing.accountId);
  // A signature that would hold for the text as it would be repaired, too.
  const body = signing.signedBody(signing.paidFields(order, { subject: '\ufffd' }));
  const bytes = Buffer.from(body.replace('%EF%BF%BD', '\ufffd'));
  const broken = Buffer.from(bytes.toString('hex').replace('efbfbd', 'ff'), 'hex');
  const response = await fetch(`${world.url}/providers/${signing.accountId}/notifications`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: broken,
  });
  expect({ status: response.status, text: await response.text() }).toEqual(rejected);
  expect(await storedAt(signing.accountId)).toEqual(before);
});
