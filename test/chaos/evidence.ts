/**
 * What the checker looks at: HTTP answers, rows, the providers' books, the receiver's log. None of it
 * is read with the application's code, so that one mistake cannot hide itself.
 */
import { readFile } from 'node:fs/promises';
import pg from 'pg';

export type Evidence = {
  url: string;
  databaseUrl: string;
  temporalAddress: string;
  receiverLog: string;
  logFiles: string[];
  merchant: Party;
  stranger: Party;
  endpoints: { id: string; path: string; secret: string; eventTypes: string[] }[];
  /** By what they are. */
  secrets: Record<string, string>;
  refusals: { status: number; text: string }[];
  /** The workflows' code as the run began with it. */
  bundle: { code: string };
};

export type Party = {
  merchantId: string;
  key: string;
  accounts: readonly {
    provider: string;
    accountId: string;
    account: string;
    simulatorUrl: string;
  }[];
};

export type OrderRow = {
  id: string;
  merchant_order_no: string;
  status: string;
  version: number;
  amount_minor: string;
  currency: string;
  captured_minor: string;
  refunded_minor: string;
  late_payment: string;
  close_reason: string | null;
  review_reason: string | null;
};
export type PaymentRow = {
  id: string;
  order_id: string;
  account_id: string;
  out_trade_no: string;
  status: string;
  captured_minor: string;
  currency: string;
  surplus: string | null;
};
export type RefundRow = {
  id: string;
  order_id: string;
  payment_id: string;
  account_id: string;
  refund_no: string;
  merchant_refund_no: string | null;
  cause: string;
  status: string;
  amount_minor: string;
  currency: string;
};
export type DisputeRow = {
  id: string;
  order_id: string;
  payment_id: string;
  account_id: string;
  dispute_no: string;
  status: string;
  amount_minor: string;
  currency: string;
};
export type EventRow = {
  id: string;
  seq: string;
  type: string;
  resource_id: string;
  body: string;
  position: string | null;
  merchant_id: string;
};
export type Trade = {
  account: string;
  outTradeNo: string;
  status: 'open' | 'authorized' | 'paid' | 'closed';
  providerTradeNo: string | null;
  capturedMinor: number;
  captures: number;
  currency: string;
  refunds: {
    refundNo: string;
    status: 'pending' | 'succeeded' | 'bounced' | 'closed';
    amountMinor: number;
    executions: number;
  }[];
  disputes: {
    disputeNo: string;
    status: 'inquiry' | 'inquiryClosed' | 'open' | 'won' | 'lost';
    amountMinor: number;
  }[];
  details: Record<string, string>;
  notifications: {
    id: string;
    end: string | null;
    attempts: { outcome: string; fault?: string; isExtra?: boolean }[];
  }[];
};
export type Arrival = {
  path: string;
  id: string;
  timestamp: string;
  signature: string;
  body: string;
  answered: number;
};

/** Everything the checks compare, read once when all is quiet. */
export type Findings = Awaited<ReturnType<typeof gather>>;

export async function gather(evidence: Evidence) {
  const { databaseUrl, merchant } = evidence;
  const own = `where merchant_id = '${merchant.merchantId}'`;
  const [orders, payments, refunds, disputes, events, books, arrivals, feed] = await Promise.all([
    query<OrderRow>(databaseUrl, `select * from orders ${own}`),
    query<PaymentRow>(databaseUrl, 'select * from payments order by created_at'),
    query<RefundRow>(databaseUrl, 'select * from refunds'),
    query<DisputeRow>(databaseUrl, 'select * from disputes'),
    query<EventRow>(databaseUrl, `select * from events ${own} order by seq`),
    readBooks(merchant),
    readArrivals(evidence),
    readFeed(evidence, merchant.key),
  ]);
  const bodies = await readOrders(evidence, orders);
  return { orders, payments, refunds, disputes, events, arrivals, feed, bodies, ...books };
}

export async function query<T extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
): Promise<T[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** By the accounts' ids in our rows, not by the simulators' names of them. */
export async function readBooks({ accounts }: Party) {
  const trades = new Map<string, Trade>();
  const copies = new Map<string, Trade>();
  const repeated: string[] = [];
  for (const { accountId, account, simulatorUrl } of accounts) {
    const response = await fetch(`${simulatorUrl}/console/book?account=${account}`);
    const { payments } = (await response.json()) as { payments: Trade[] };
    for (const trade of payments) {
      const key = `${accountId}/${trade.outTradeNo}`;
      // Somebody else's, with our number in its metadata.
      if (trade.details['copyOf']) {
        copies.set(key, trade);
        continue;
      }
      if (trades.has(key)) repeated.push(key);
      trades.set(key, trade);
    }
  }
  return { trades, copies, repeated };
}

async function readArrivals({ receiverLog }: Evidence): Promise<Arrival[]> {
  const lines = (await readFile(receiverLog, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Arrival);
}

export async function get<T>(
  { url }: Pick<Evidence, 'url'>,
  key: string,
  path: string,
): Promise<{ status: number; text: string; body: T }> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as T };
}

/** The whole feed as a client reads it, page by page. */
export async function readFeed(evidence: Evidence, key: string): Promise<{ id: string }[]> {
  const all: { id: string }[] = [];
  for (let after = '0'; ;) {
    const { body } = await get<{ data: { id: string }[]; nextCursor: string; hasMore: boolean }>(
      evidence,
      key,
      `/v1/events?limit=100&after=${after}`,
    );
    all.push(...body.data);
    if (!body.hasMore) return all;
    after = body.nextCursor;
  }
}

/** Every order as its merchant reads it. */
async function readOrders(evidence: Evidence, orders: readonly OrderRow[]) {
  const bodies = new Map<string, { status: string; text: string }>();
  const left = orders.map(({ id }) => id);
  const reader = async () => {
    for (let id = left.pop(); id; id = left.pop()) {
      const { body, text } = await get<{ status: string }>(
        evidence,
        evidence.merchant.key,
        `/v1/orders/${id}`,
      );
      bodies.set(id, { status: body.status, text });
    }
  };
  await Promise.all(Array.from({ length: 8 }, reader));
  return bodies;
}
