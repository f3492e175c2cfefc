import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSealer } from '../../db/sealed.ts';
import { addEntries, beginStatement, finishStatement } from '../../db/queries/load-statement.ts';
import { findProviderAccount, insertProviderAccount } from '../../db/queries/provider-accounts.ts';
import {
  auditEntries,
  events,
  providerAccounts,
  reconciliations,
  statementEntries,
  statements,
} from '../../db/schema/index.ts';
import type { AccountId } from '../../domain/ids.ts';
import { dateIn, dayBefore } from '../../domain/reconciliation.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { openWechatPaySandbox } from '../../providers/wechat-pay/sandbox.ts';
import { scheduleIds, workflowIds } from '../../workflows/messages.ts';
import { midnightOf } from '../reconciliation/midnight.ts';
import { planDay, planted, plants } from '../reconciliation/plan.ts';
import type { Plant, PlannedOrder } from '../reconciliation/plan.ts';
import { differencesOf, reconcile, weigh } from '../reconciliation/reconcile.ts';
import type { DifferenceBody, RunBody } from '../reconciliation/reconcile.ts';
import { seedDay } from '../reconciliation/seed-day.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

const providers: ProviderName[] = ['alipay', 'wechat-pay', 'stripe'];

/** The day before today, as a provider counts: its neighbours have their statements too. */
function yesterdayOf(provider: ProviderName) {
  const { timeZone } = definitions[provider].statements;
  const date = dayBefore(dateIn(timeZone, Date.now()));
  return { date, fromMs: midnightOf(date, timeZone) };
}

/** One order of yesterday, with its two sides set against each other. */
function orderWith(plant: Plant, provider: ProviderName): PlannedOrder {
  return planted(plant, {
    random: Math.random,
    currency: provider === 'stripe' ? 'USD' : 'CNY',
    amountMinor: 1250,
    hasRefund: false,
    atMs: yesterdayOf(provider).fromMs + 43_200_000,
  });
}

/** An order on which both sides agree: without one, some providers make no statement of the day. */
function agreeingOrder(provider: ProviderName): PlannedOrder {
  const { fromMs } = yesterdayOf(provider);
  return planDay({ provider, fromMs, orders: 5, differences: 0, seed: 1 })[4]!;
}

/** A merchant with an account at one provider, and yesterday's books as planned. */
async function withDay(provider: ProviderName, plan: readonly PlannedOrder[]) {
  const merchant = await world.newMerchant([provider]);
  await seedDay(world, merchant, plan);
  const { accountId } = merchant.accounts[0]!;
  const day = { accountId, date: yesterdayOf(provider).date };
  return { merchant, day, run: () => reconcile(merchant.api, day) };
}

const orderOf = async ({ api }: TestMerchant, { orderId }: { orderId: string }) =>
  (await api<OrderBody>('GET', `/v1/orders/${orderId}`)).body;

const acknowledge = ({ api }: TestMerchant, { id }: { id: string }, note = 'Known to us') =>
  api<DifferenceBody>('POST', `/v1/differences/${id}/acknowledge`, { body: { note } });

describe.each(providers)('a day at %s', (provider) => {
  test('has the differences that were planted, and no others, however often it is run', async () => {
    const { fromMs } = yesterdayOf(provider);
    const plan = planDay({ provider, fromMs, orders: 300, differences: 12, seed: 42 });
    const { merchant, day, run } = await withDay(provider, plan);
    const lines = plan.reduce(
      (sum, { theirs }) =>
        sum + (theirs ? 1 : 0) + (theirs?.refund ? 1 : 0) + (theirs?.isDouble ? 1 : 0),
      0,
    );
    let first: string | undefined;
    for (let times = 0; times < 2; times++) {
      const ended = await run();
      first ??= ended.id;
      expect(ended).toMatchObject({ id: first, status: 'done', failure: null });
      const found = weigh(plan, await differencesOf(merchant.api, ended));
      expect(found).toMatchObject({
        planted: 12,
        found: 12,
        missed: [],
        invented: [],
      });
      expect(ended.counts).toMatchObject({ healed: found.healed, differences: 12 - found.healed });
      // All but the two that stand in the statements of the neighbours, with their refunds.
      expect(lines - ended.counts.entries).toBeGreaterThanOrEqual(2);
    }
    const loaded = await world.db
      .select({ date: statements.date, entryCount: statements.entryCount })
      .from(statements)
      .where(eq(statements.accountId, day.accountId));
    expect(loaded).toHaveLength(3);
    const told = await world.db
      .select()
      .from(events)
      .where(eq(events.resourceId, first ?? ''));
    expect(told.map(({ type }) => type)).toEqual([
      'reconciliation.completed',
      'reconciliation.completed',
    ]);
    expect(JSON.parse(told[0]!.body)).toMatchObject({
      type: 'reconciliation.completed',
      data: {
        id: first,
        object: 'reconciliation',
        date: day.date,
        counts: { differences: expect.any(Number) },
      },
    });
  });

  test.each(plants.filter((plant) => plant !== 'double_line' || provider === 'stripe'))(
    'with %s has that one difference',
    async (plant) => {
      const plan = [orderWith(plant, provider), agreeingOrder(provider)];
      const { merchant, run } = await withDay(provider, plan);
      const ended = await run();
      const found = await differencesOf(merchant.api, ended);
      expect(weigh(plan, found)).toMatchObject({ found: 1, missed: [], invented: [] });
      expect(found[0]?.action).not.toBe('');
    },
  );

  test('whose notification was lost is healed to paid', async () => {
    const order = orderWith('lost_notification', provider);
    const { merchant, run } = await withDay(provider, [order]);
    expect((await run()).counts).toMatchObject({
      entries: 1,
      matched: 1,
      healed: 1,
      differences: 0,
    });
    expect(await orderOf(merchant, order)).toMatchObject({
      status: 'paid',
      capturedMinor: 1250,
      payments: [{ status: 'succeeded', surplus: null }],
    });
    const told = await world.db.select().from(events).where(eq(events.resourceId, order.orderId));
    expect(told.map(({ type }) => type)).toEqual(['order.paid']);
  });

  test('with money for a closed order records it and gives it back, once', async () => {
    const order = orderWith('late_payment', provider);
    const { merchant, run } = await withDay(provider, [order]);
    expect((await run()).counts).toMatchObject({ healed: 1, differences: 0 });
    const late = await until('the late money is back', async () => {
      const found = await orderOf(merchant, order);
      return found.refunds[0]?.status === 'succeeded' ? found : undefined;
    });
    expect(late).toMatchObject({
      status: 'closed',
      payments: [{ status: 'succeeded', surplus: 'late' }],
      refunds: [{ cause: 'late_payment', amountMinor: 1250 }],
    });
    expect((await run()).counts).toMatchObject({ healed: 1, differences: 0 });
    const trade = await tradeOf(world, merchant, order);
    expect(trade?.refunds.map(({ executions }) => executions)).toEqual([1]);
  });

  test('whose refund’s result was lost, or was never told, has it in its orders', async () => {
    const lost = orderWith('lost_refund_result', provider);
    const external = orderWith('refund_at_provider', provider);
    const { merchant, run } = await withDay(provider, [lost, external]);
    expect((await run()).counts).toMatchObject({ matched: 4, healed: 2, differences: 0 });
    expect(await orderOf(merchant, lost)).toMatchObject({
      status: 'partially_refunded',
      refunds: [{ cause: 'requested', status: 'succeeded', amountMinor: 417 }],
    });
    expect(await orderOf(merchant, external)).toMatchObject({
      status: 'partially_refunded',
      refunds: [{ cause: 'at_provider', status: 'succeeded', amountMinor: 417 }],
    });
    const { body } = await merchant.api<{ data: object[] }>('GET', '/v1/balances');
    expect(body.data).toMatchObject([{ providerMinor: 2 * (1250 - 417), refundsMinor: 0 }]);
  });

  test('of today, with orders that went well, has none', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await openOrder(merchant, { currency: 'CNY' });
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    const refund = await merchant.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
      body: { merchantRefundNo: `rec-${order.id}`, amountMinor: 400 },
      headers: { prefer: 'wait=20' },
    });
    expect(refund.body.status).toBe('succeeded');
    const { accountId } = merchant.accounts[0]!;
    const date = dateIn(definitions[provider].statements.timeZone, Date.now());
    const ended = await reconcile(merchant.api, { accountId, date });
    expect(await differencesOf(merchant.api, ended)).toEqual([]);
    expect(ended).toMatchObject({ status: 'done', counts: { healed: 0, differences: 0 } });
  });
});

test('a refund that the provider has taken on and not carried out is no difference', async () => {
  const merchant = await world.newMerchant([]);
  const { url } = await world.simulator('wechat-pay');
  const sealer = createSealer(world.config.secretKeys);
  const { settings, credentials, account } = await openWechatPaySandbox({
    simulatorUrl: url,
    refunds: 'manual',
  });
  const { merchantId } = merchant;
  const { id: accountId } = await insertProviderAccount(
    { db: world.db, sealer },
    { merchantId, provider: 'wechat-pay', settings, credentials },
  );
  const own = { ...merchant, accounts: [{ accountId, provider: 'wechat-pay', account }] } as const;
  const order = await openOrder(own);
  await payAtProvider(world, own, order);
  await orderBecomes(own, order, 'paid');
  const refund = await own.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
    body: { merchantRefundNo: `rec-${order.id}` },
  });
  await until(
    'the provider has it',
    async () => (await tradeOf(world, own, order.payments[0]!))?.refunds[0],
  );
  const date = dateIn('Asia/Shanghai', Date.now());
  const ended = await reconcile(own.api, { accountId, date });
  expect(ended.counts).toMatchObject({ entries: 2, matched: 2, differences: 0 });
  const { body } = await own.api<RefundBody>('GET', `/v1/refunds/${refund.body.id}`);
  expect(body.status).toBe('pending');
});

test('a difference that the provider cannot be asked about stays open, with the reason', async () => {
  const order = orderWith('lost_notification', 'wechat-pay');
  const { merchant, run } = await withDay('wechat-pay', [order]);
  await scriptFaults(world, order, [{ call: 'query', kind: 'http500', times: 50 }], 'wechat-pay');
  const ended = await run();
  expect(ended).toMatchObject({ status: 'done', counts: { healed: 0, differences: 1 } });
  const [found] = await differencesOf(merchant.api, ended);
  expect(found).toMatchObject({ kind: 'missing_here_payment', status: 'open', healedBy: null });
  expect(found?.note).toContain('could not be queried');
});

test('a difference that vanishes is closed by the next run', async () => {
  const order = orderWith('payment_not_there', 'stripe');
  const { merchant, run } = await withDay('stripe', [order]);
  const [missing] = await differencesOf(merchant.api, await run());
  expect(missing).toMatchObject({ kind: 'missing_there_payment', status: 'open', theirs: null });
  const arrived: PlannedOrder = {
    ...order,
    ours: null,
    theirs: { amountMinor: 1250, currency: 'USD', atMs: order.atMs, refund: null, isDouble: false },
  };
  await seedDay(world, merchant, [arrived]);
  const ended = await run();
  expect(ended.counts).toEqual({ entries: 1, matched: 1, healed: 1, differences: 0 });
  expect(await differencesOf(merchant.api, ended)).toMatchObject([
    { id: missing?.id, status: 'healed', healedBy: 'meanwhile' },
  ]);
});

test('an acknowledged difference stays so when the day is run again, with who did it and why', async () => {
  const { merchant, run } = await withDay('wechat-pay', [
    orderWith('stranger', 'wechat-pay'),
    orderWith('lost_notification', 'wechat-pay'),
  ]);
  const found = await differencesOf(merchant.api, await run());
  const stranger = found.find(({ kind }) => kind === 'unknown_trade')!;
  const healed = found.find(({ status }) => status === 'healed')!;
  const answers = [
    await acknowledge(merchant, stranger),
    await acknowledge(merchant, stranger, 'Twice'),
  ];
  expect(answers).toMatchObject([
    { status: 200, body: { status: 'acknowledged', acknowledgedNote: 'Known to us' } },
    { status: 200, body: { status: 'acknowledged', acknowledgedNote: 'Known to us' } },
  ]);
  const noted = await world.db
    .select()
    .from(auditEntries)
    .where(eq(auditEntries.resourceId, stranger.id));
  expect(noted).toMatchObject([
    {
      action: 'difference.acknowledge',
      actor: expect.stringMatching(/^key_/),
      details: { note: 'Known to us' },
    },
  ]);
  expect(await acknowledge(merchant, healed)).toMatchObject({ status: 409, body: { status: 409 } });
  const again = await run();
  expect(again.counts.differences).toBe(0);
  const kept = await differencesOf(merchant.api, again);
  const statuses = Object.fromEntries(kept.map(({ id, status }) => [id, status]));
  expect(statuses).toEqual({ [stranger.id]: 'acknowledged', [healed.id]: 'healed' });
  const open = await merchant.api<{ data: object[] }>(
    'GET',
    `/v1/reconciliations/${again.id}/differences?status=open`,
  );
  expect(open.body.data).toEqual([]);
});

test('asked for ten times at once, a day is one run, and no line is kept twice', async () => {
  const { fromMs } = yesterdayOf('wechat-pay');
  const plan = planDay({ provider: 'wechat-pay', fromMs, orders: 40, differences: 0, seed: 1 });
  const { merchant, day } = await withDay('wechat-pay', plan);
  const runs = await Promise.all(Array.from({ length: 10 }, () => reconcile(merchant.api, day)));
  expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
  await until('all requests are served', async () => {
    const { status } = await world.temporal.workflow
      .getHandle(workflowIds.reconcileStatement(day.accountId, day.date))
      .describe();
    return status.name === 'COMPLETED';
  });
  const kept = await world.db
    .select({ line: statementEntries.line })
    .from(statementEntries)
    .innerJoin(statements, eq(statements.id, statementEntries.statementId))
    .where(and(eq(statements.accountId, day.accountId), eq(statements.date, day.date)));
  const { body } = await merchant.api<RunBody>('GET', `/v1/reconciliations/${runs[0]!.id}`);
  expect(kept).toHaveLength(body.counts.entries);
  expect(body).toMatchObject({ status: 'done', counts: { differences: 0 } });
});

test('what a worker that died had kept of a statement counts for nothing, and goes', async () => {
  const { fromMs } = yesterdayOf('wechat-pay');
  const plan = planDay({ provider: 'wechat-pay', fromMs, orders: 40, differences: 0, seed: 1 });
  const { day, run } = await withDay('wechat-pay', plan);
  const { accountId } = day;
  const { statementId } = await beginStatement(world.db, day);
  const line = { kind: 'payment', amountMinor: 1, currency: 'CNY', at: new Date() } as const;
  const left = ['left-1', 'left-2'].map((number, i) => ({
    ...line,
    number,
    line: i + 1,
    outTradeNo: number,
    providerTradeNo: number,
  }));
  await addEntries(world.db, { statementId, accountId, entries: left });
  const ended = await run();
  expect(ended).toMatchObject({ status: 'done', counts: { differences: 0 } });
  expect(ended.counts.matched).toBe(ended.counts.entries);
  const kept = await world.db
    .select({ id: statements.id })
    .from(statements)
    .where(and(eq(statements.accountId, accountId), eq(statements.date, day.date)));
  expect(kept).toHaveLength(1);
  await expect(finishStatement(world.db, { ...day, statementId, entryCount: 2 })).rejects.toThrow(
    'loaded twice',
  );
});

test('a statement that is not made yet is waited for, visibly', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const { accountId } = merchant.accounts[0]!;
  const found = await ownSettings(accountId);
  await world.db
    .update(providerAccounts)
    .set({ settings: { ...found, sameDayStatements: 'false' } })
    .where(eq(providerAccounts.id, accountId));
  const date = dateIn('UTC', Date.now());
  const { body } = await merchant.api<RunBody>('POST', '/v1/reconciliations', {
    body: { accountId, date },
  });
  await until('it waits', async () => {
    const { body: run } = await merchant.api<RunBody>('GET', `/v1/reconciliations/${body.id}`);
    return run.status === 'waiting';
  });
  const { accountId: id } = body;
  const handle = world.temporal.workflow.getHandle(
    workflowIds.reconcileStatement(id as AccountId, date),
  );
  await until('it says so', async () => {
    const details: unknown = await handle.query('__temporal_workflow_metadata');
    return JSON.stringify(details).includes('WAITING');
  });
  await handle.terminate();
});

test('an account whose key was revoked fails its run, with the reason', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const sealer = createSealer(world.config.secretKeys);
  const { db } = world;
  const account = await findProviderAccount({ db, sealer }, merchant.accounts[0]!);
  const { id: accountId } = await insertProviderAccount(
    { db, sealer },
    {
      ...account!,
      credentials: { ...account!.credentials, secretKey: 'sk_test_51revoked' },
    },
  );
  const ended = await reconcile(merchant.api, { accountId, date: yesterdayOf('stripe').date });
  expect(ended.status).toBe('failed');
  expect(ended.failure).not.toBe('');
});

test('a request that cannot be right is refused by the name of its field', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const stranger = await world.newMerchant(['stripe']);
  const { accountId } = merchant.accounts[0]!;
  const post = (body: object) =>
    merchant.api<{ errors: { field: string }[] }>('POST', '/v1/reconciliations', { body });
  const date = '2026-01-01';
  const cases = [
    [{ accountId, date: '2999-01-01' }, '/date'],
    [{ accountId, date: '2026-02-30' }, '/date'],
    [{ accountId, date: 'yesterday' }, '/date'],
    [{ accountId }, '/date'],
    [{ accountId: stranger.accounts[0]?.accountId, date }, '/accountId'],
    [{ accountId: 'acc_1', date }, '/accountId'],
    [{ accountId, date, extra: 1 }, '/extra'],
  ] as const;
  for (const [body, field] of cases) {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  }
});

test('runs and differences are listed for their merchant, and not to be found by another', async () => {
  const { merchant, day, run } = await withDay('wechat-pay', [orderWith('stranger', 'wechat-pay')]);
  const ended = await run();
  const older = await reconcile(merchant.api, { ...day, date: dayBefore(day.date) });
  const [difference] = await differencesOf(merchant.api, ended);
  const stranger = await world.newMerchant(['stripe']);
  for (const path of ['', '/differences']) {
    const answer = await stranger.api('GET', `/v1/reconciliations/${ended.id}${path}`);
    expect(answer.status).toBe(404);
  }
  expect((await acknowledge(stranger, difference!)).status).toBe(404);
  type Page = { data: RunBody[]; nextCursor: string | null };
  const list = async ({ api }: TestMerchant, query: string) =>
    (await api<Page>('GET', `/v1/reconciliations?${query}`)).body;
  expect((await list(stranger, '')).data).toEqual([]);
  const first = await list(merchant, `accountId=${day.accountId}&limit=1`);
  expect(first.data.map(({ id }) => id)).toEqual([older.id]);
  const second = await list(merchant, `limit=1&cursor=${first.nextCursor}`);
  expect(second.data.map(({ id }) => id)).toEqual([ended.id]);
});

test('every enabled account has its schedule, which reconciles the day before; another has none', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const { accountId } = merchant.accounts[0]!;
  const handle = world.temporal.schedule.getHandle(scheduleIds.reconcile(accountId));
  const isThere = () => handle.describe().catch(() => undefined);
  const { spec } = await until('it has a schedule', isThere);
  expect(spec.timezone).toBe('UTC');
  await handle.trigger();
  const started = await until('the day is reconciled', async () => {
    const [run] = await world.db
      .select()
      .from(reconciliations)
      .where(eq(reconciliations.accountId, accountId));
    return run?.status === 'done' ? run : undefined;
  });
  expect(started).toMatchObject({ date: yesterdayOf('stripe').date, trigger: 'schedule' });
  await world.db
    .update(providerAccounts)
    .set({ enabled: false })
    .where(eq(providerAccounts.id, accountId));
  await until('it has none', async () => (await isThere()) === undefined);
});

async function ownSettings(accountId: AccountId): Promise<Record<string, string>> {
  const [row] = await world.db
    .select({ settings: providerAccounts.settings })
    .from(providerAccounts)
    .where(eq(providerAccounts.id, accountId));
  return row!.settings;
}

test('one line that cannot be read for sure is reported, and the rest of the day compared', async () => {
  const merchant = await world.newMerchant(['alipay']);
  const { accountId } = merchant.accounts[0]!;
  const date = dateIn('Asia/Shanghai', Date.now());
  const times = `${date} 10:00:00,${date} 10:00:30`;
  const amounts = '0.01,0.01,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,0.00,0.00';
  const subjects = ['Tea, and more, by Acme Co.,Ltd', `Tea,${times},,,,,x,${amounts},x`, 'Tea'];
  const orders: OrderBody[] = [];
  for (const subject of subjects) {
    const order = await openOrder(merchant, { methods: ['alipay.qr'], subject });
    await payAtProvider(world, merchant, order);
    orders.push(await orderBecomes(merchant, order, 'paid'));
  }
  const ended = await reconcile(merchant.api, { accountId, date });
  expect(ended).toMatchObject({
    status: 'done',
    failure: null,
    counts: { entries: 3, matched: 2, healed: 0, differences: 1 },
  });
  expect(await differencesOf(merchant.api, ended)).toMatchObject([
    {
      kind: 'unreadable_line',
      about: 'line',
      status: 'open',
      orderId: orders[1]!.id,
      outTradeNo: orders[1]!.payments[0]!.outTradeNo,
      note: expect.stringContaining('uncertain'),
    },
  ]);
});

test('a dispute that nobody told of is found in the statement, and its late win too', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const { accountId } = merchant.accounts[0]!;
  const date = dateIn('UTC', Date.now());
  const order = await openOrder(merchant, { methods: ['stripe.payment_intent'], currency: 'USD' });
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'paid');
  const { outTradeNo } = order.payments[0]!;
  await scriptFaults(
    world,
    { outTradeNo },
    [{ call: 'notify', kind: 'lostForever', times: 9 }],
    'stripe',
  );
  const disputes = async () => (await orderOf(merchant, { orderId: order.id })).disputes;
  const atBank = async (verb: string, body: object = {}) => {
    const { call } = await world.simulator('stripe');
    const { status, text } = await call('POST', verb, { body });
    expect([status, text]).toEqual([200, expect.any(String)]);
  };
  const disputed = { account: merchant.accounts[0]!.account };
  await atBank(`/payments/${outTradeNo}/dispute`, { ...disputed, isInquiry: true });
  // An inquiry moves no money, and no statement tells of it.
  const quiet = await reconcile(merchant.api, { accountId, date });
  expect(quiet.counts).toMatchObject({ entries: 1, matched: 1, healed: 0, differences: 0 });
  const disputeNo = (await tradeOf(world, merchant, { outTradeNo }))!.disputes[0]!.disputeNo;
  await atBank(`/disputes/${disputeNo}/move`, { to: 'open' });
  await atBank(`/disputes/${disputeNo}/move`, { to: 'lost' });
  const lost = await reconcile(merchant.api, { accountId, date });
  expect(lost.counts).toMatchObject({ entries: 2, matched: 2, healed: 1, differences: 0 });
  expect(await disputes()).toMatchObject([{ disputeNo, status: 'lost' }]);
  await atBank(`/disputes/${disputeNo}/move`, { to: 'won' });
  const won = await reconcile(merchant.api, { accountId, date });
  expect(won.counts).toMatchObject({ entries: 3, matched: 2, differences: 0 });
  expect(await disputes()).toMatchObject([{ disputeNo, status: 'won' }]);
  const { body: totals } = await merchant.api(`GET`, `/v1/reconciliations/${won.id}/totals`);
  expect(totals).toMatchObject({
    data: [
      { kind: 'dispute', category: null, currency: 'USD', lines: 2, amountMinor: 0, feeMinor: 0 },
      { kind: 'payment', lines: 1, amountMinor: order.amountMinor, feeMinor: expect.any(Number) },
    ],
  });
  const { rows } = await world.db.$client.query(
    `select sum(amount_minor)::int as minor from ledger_entries where order_id = $1 and book in ('provider', 'disputes')`,
    [order.id],
  );
  expect(rows).toEqual([{ minor: order.amountMinor }]);
});
