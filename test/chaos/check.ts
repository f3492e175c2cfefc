/**
 * The checker: compares what the database, the provider's book, the merchant's log, the feed and
 * Temporal say. It shares no code with the application, so that one mistake cannot hide itself.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';

export type Evidence = {
  url: string;
  databaseUrl: string;
  temporalAddress: string;
  simulatorUrl: string;
  receiverLog: string;
  merchant: { key: string; appId: string };
};

type Promised = { id: string; merchantOrderNo: string; outTradeNo: string };
type OrderRow = { id: string; status: string; merchant_order_no: string; amount_minor: string };
type EventRow = {
  id: string;
  type: string;
  resource_id: string;
  body: string;
  position: string | null;
};
type Trade = { outTradeNo: string; status: string; captures: number; paidAmount?: string };
type Arrival = { id: string; body: string; answered: number };

export type Findings = { figures: Record<string, number>; broken: string[] };

const openWorkflows = `WorkflowType = 'payOrder' and ExecutionStatus = 'Running'`;
const failedWorkflows = `ExecutionStatus in ('Failed', 'Terminated', 'TimedOut', 'Canceled')`;

/** What is still under way, in words; empty when all is quiet. */
export async function unrest(evidence: Evidence): Promise<string[]> {
  const [row] = await query<Record<string, number>>(
    evidence.databaseUrl,
    `select
      (select count(*)::int from orders where status in ('pending', 'review')) as "open orders",
      (select count(*)::int from provider_notifications where applied_at is null) as "unapplied notifications",
      (select count(*)::int from events where position is null) as "unnumbered events",
      (select count(*)::int from deliveries where status = 'pending') as "pending deliveries",
      (select count(*)::int from endpoints where driver <> 'relay') as "endpoints in trouble"`,
  );
  const open = await countWorkflows(evidence, openWorkflows).catch(() => 1);
  const counts = { ...row, 'open workflows': open };
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}

export async function check(evidence: Evidence, promised: readonly Promised[]): Promise<Findings> {
  const broken: string[] = [];
  const expect = (isTrue: boolean, problem: string) => {
    if (!isTrue) broken.push(problem);
  };
  const [orders, events, payments, inbox, trades, arrivals, feed] = await Promise.all([
    query<OrderRow>(evidence.databaseUrl, 'select * from orders'),
    query<EventRow>(evidence.databaseUrl, 'select * from events order by position'),
    query<{ order_id: string; out_trade_no: string; status: string }>(
      evidence.databaseUrl,
      'select * from payments',
    ),
    query<{ id: string; applied_at: Date | null; outcome: string }>(
      evidence.databaseUrl,
      'select * from provider_notifications',
    ),
    readBook(evidence),
    readArrivals(evidence),
    readFeed(evidence),
  ]);

  // Every promise was kept, and nothing stands there that was not promised.
  const ordersById = new Map(orders.map((order) => [order.id, order]));
  const numbers = new Set(orders.map(({ merchant_order_no }) => merchant_order_no));
  expect(orders.length === promised.length, `${orders.length} orders for ${promised.length}`);
  expect(numbers.size === orders.length, 'a number has two orders');
  for (const { id, merchantOrderNo } of promised) {
    expect(ordersById.get(id)?.merchant_order_no === merchantOrderNo, `${id} is not there`);
  }

  // The provider's book and ours say the same, and money moved once at most.
  const tradesByNumber = new Map(trades.map((trade) => [trade.outTradeNo, trade]));
  expect(tradesByNumber.size === trades.length, 'a number stands twice in the provider’s book');
  expect(payments.length === orders.length, `${payments.length} payments for ${orders.length}`);
  const known = new Set(payments.map(({ out_trade_no }) => out_trade_no));
  for (const { outTradeNo } of trades) expect(known.has(outTradeNo), `${outTradeNo} is not ours`);
  for (const { order_id, out_trade_no, status } of payments) {
    const order = ordersById.get(order_id);
    const trade = tradesByNumber.get(out_trade_no);
    const isTaken = trade?.status === 'TRADE_SUCCESS';
    const owed = isTaken ? 'paid' : 'closed';
    expect(
      order?.status === owed,
      `${order_id} is ${order?.status}, the book says ${trade?.status ?? 'nothing'}`,
    );
    expect(
      status === (isTaken ? 'succeeded' : 'closed'),
      `the payment of ${order_id} is ${status}`,
    );
    expect(
      (trade?.captures ?? 0) === (isTaken ? 1 : 0),
      `${out_trade_no}: ${trade?.captures} captures`,
    );
    const paidMinor = Math.round(Number(trade?.paidAmount ?? 0) * 100);
    expect(!isTaken || paidMinor === Number(order?.amount_minor), `${order_id}: another amount`);
  }

  // One event for every change of state, in a feed without holes or repeats.
  for (const { id, status } of orders) {
    const told = events.filter(({ resource_id }) => resource_id === id).map(({ type }) => type);
    const expected = ['order.created', `order.${status}`];
    expect(told.join() === expected.join(), `${id} is ${status} and has told ${told.join()}`);
  }
  const gap = events.findIndex(({ position }, index) => Number(position) !== index + 1);
  expect(gap === -1, `the feed has a hole or a repeat at ${gap + 1}`);
  const feedIds = feed.map(({ id }) => id);
  expect(
    feedIds.join() === events.map(({ id }) => id).join(),
    `the feed over HTTP has ${feedIds.length} events, ${new Set(feedIds).size} of them different, for ${events.length}`,
  );

  // Every event reached the merchant, always the same.
  const arrivalsById = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    arrivalsById.set(arrival.id, [...(arrivalsById.get(arrival.id) ?? []), arrival]);
  }
  for (const { id, body } of events) {
    const copies = arrivalsById.get(id) ?? [];
    expect(
      copies.some(({ answered }) => answered === 204),
      `${id} was never taken`,
    );
    expect(
      copies.every((copy) => copy.body === body),
      `${id} arrived with another body`,
    );
  }
  const eventIds = new Set(events.map(({ id }) => id));
  for (const id of arrivalsById.keys()) expect(eventIds.has(id), `${id} is no event of ours`);

  // Nothing was left lying.
  for (const { id, applied_at, outcome } of inbox) {
    expect(applied_at !== null && outcome !== 'unmatched', `notification ${id}: ${outcome}`);
  }
  const [open, failed] = await Promise.all([
    countWorkflows(evidence, openWorkflows),
    countWorkflows(evidence, failedWorkflows),
  ]);
  expect(open === 0, `${open} workflows are open although every order has ended`);
  expect(failed === 0, `${failed} workflows have failed`);

  const count = (status: string) => orders.filter((order) => order.status === status).length;
  return {
    figures: {
      orders: orders.length,
      paid: count('paid'),
      closed: count('closed'),
      trades: trades.length,
      captures: trades.reduce((sum, { captures }) => sum + captures, 0),
      notificationsStored: inbox.length,
      events: events.length,
      arrivals: arrivals.length,
      refusedArrivals: arrivals.filter(({ answered }) => answered !== 204).length,
      repeatedArrivals: arrivals.length - arrivalsById.size,
    },
    broken,
  };
}

async function query<T extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

async function readBook({ simulatorUrl, merchant }: Evidence): Promise<Trade[]> {
  const response = await fetch(`${simulatorUrl}/console/book?appId=${merchant.appId}`);
  const { trades } = (await response.json()) as { trades: Trade[] };
  // A code that nobody scanned is no trade; it has taken no money, and that is what counts.
  return trades;
}

async function readArrivals({ receiverLog }: Evidence): Promise<Arrival[]> {
  const lines = (await readFile(receiverLog, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Arrival);
}

/** The whole feed as a client reads it, page by page. */
async function readFeed({ url, merchant }: Evidence): Promise<{ id: string }[]> {
  const all: { id: string }[] = [];
  for (let after = '0'; ;) {
    const response = await fetch(`${url}/v1/events?limit=50&after=${after}`, {
      headers: { authorization: `Bearer ${merchant.key}` },
    });
    const page = (await response.json()) as {
      data: { id: string }[];
      nextCursor: string;
      hasMore: boolean;
    };
    all.push(...page.data);
    if (!page.hasMore) return all;
    after = page.nextCursor;
  }
}

async function countWorkflows({ temporalAddress }: Evidence, filter: string): Promise<number> {
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const { count } = await new Client({ connection }).workflow.count(filter);
    return count;
  } finally {
    await connection.close();
  }
}

/** Looks until all is quiet or the time is over; says what is still under way whenever that changes. */
export async function quiet(
  evidence: Evidence,
  { timeoutMs, say }: { timeoutMs: number; say: (text: string) => void },
): Promise<string[]> {
  const endsMs = Date.now() + timeoutMs;
  let before = '';
  for (;;) {
    const left = await unrest(evidence);
    if (left.length === 0 || Date.now() > endsMs) return left;
    if (left.join() !== before) say(`waiting for ${left.join(', ')}`);
    before = left.join();
    await sleep(500);
  }
}
