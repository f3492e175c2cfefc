import type { Evidence, Findings } from '../evidence.ts';
import { get, query, readFeed } from '../evidence.ts';
import type { ReportSource } from '../life.ts';
import type { Verdicts } from './verdicts.ts';

/** 1: everything the API has answered stands, in the rows and over HTTP, and nothing else does. */
export function checkPromises(
  found: Findings,
  told: readonly ReportSource[],
  { expect }: Verdicts,
): void {
  const orders = new Map(found.orders.map((order) => [order.id, order]));
  const refunds = new Map(found.refunds.map((refund) => [refund.id, refund]));
  expect(
    1,
    found.orders.length === told.length,
    `${found.orders.length} orders for ${told.length}`,
  );
  for (const { id, merchantOrderNo, life, refunds: promised } of told) {
    const order = orders.get(id);
    const { amountMinor, currency } = life.opening;
    const isThere =
      order?.merchant_order_no === merchantOrderNo &&
      Number(order.amount_minor) === amountMinor &&
      order.currency === currency;
    expect(1, isThere, `${id} is not there as it was opened`);
    const body = found.bodies.get(id);
    expect(1, body?.status === order?.status, `${id} over HTTP is ${body?.status}`);
    for (const { id: refundId, merchantRefundNo, amountMinor } of promised) {
      const refund = refunds.get(refundId);
      const isRefund =
        refund?.merchant_refund_no === merchantRefundNo &&
        Number(refund.amount_minor) === amountMinor;
      expect(1, isRefund, `refund ${refundId} of ${id} is not there as it was answered`);
    }
    const { ends, fate } = life;
    const end = order?.status ?? '';
    expect(1, !ends || ends.includes(end), `${id} (${fate}) ended ${end}, not ${ends?.join('|')}`);
  }
}

/** 2: repeats got the same bytes, other bodies were refused, and one key means one order. */
export async function checkRepeats(
  evidence: Evidence,
  told: readonly ReportSource[],
  { expect }: Verdicts,
): Promise<void> {
  for (const { id, repeats, refunds } of told) {
    for (const { how, status, isSameBytes } of repeats) {
      const isRight = how === 'otherBody' ? status === 422 : isSameBytes;
      expect(2, isRight, `${id} was said again (${how}): ${status}, same bytes: ${isSameBytes}`);
    }
    const numbers = new Map<string, Set<string>>();
    for (const { merchantRefundNo, id: refundId } of refunds) {
      numbers.set(merchantRefundNo, (numbers.get(merchantRefundNo) ?? new Set()).add(refundId));
    }
    for (const [number, ids] of numbers)
      expect(2, ids.size === 1, `${number} is ${ids.size} refunds`);
  }
  const keys = await query<{ order_id: string; response_body: string | null; keys: number }>(
    evidence.databaseUrl,
    `select order_id, max(response_body) as response_body, count(*)::int as keys
      from idempotency_keys where merchant_id = '${evidence.merchant.merchantId}' group by order_id`,
  );
  const texts = new Map(told.map(({ id, text }) => [id, text]));
  for (const { order_id, response_body, keys: count } of keys) {
    expect(2, count === 1, `${order_id} has ${count} keys`);
    expect(2, response_body === texts.get(order_id), `${order_id} is kept with another answer`);
  }
}

/** 12: with another merchant's key nothing of ours is to be seen, nor done. */
export async function checkStrangers(
  evidence: Evidence,
  found: Findings,
  { expect }: Verdicts,
): Promise<void> {
  const { key } = evidence.stranger;
  const some = <T>(all: readonly T[]) =>
    all.filter((_, index) => index % Math.ceil(all.length / 60) === 0);
  const paths = [
    ...some(found.orders).map(({ id }) => `/v1/orders/${id}`),
    ...some(found.refunds).map(({ id }) => `/v1/refunds/${id}`),
    ...evidence.endpoints.map(({ id }) => `/v1/endpoints/${id}`),
  ];
  for (const path of paths) {
    const { status } = await get(evidence, key, path);
    expect(12, status === 404, `a stranger reads ${path}: ${status}`);
  }
  for (const { id } of some(found.orders).slice(0, 20)) {
    for (const [verb, body] of [
      ['cancel', undefined],
      ['refunds', { merchantRefundNo: `S-${id}` }],
      ['capture', {}],
    ] as const) {
      const response = await fetch(`${evidence.url}/v1/orders/${id}/${verb}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      expect(12, response.status === 404, `a stranger may ${verb} ${id}: ${response.status}`);
    }
  }
  const lists = ['/v1/orders', '/v1/balances', '/v1/endpoints', '/v1/reconciliations'];
  for (const path of lists) {
    const { body } = await get<{ data: unknown[] }>(evidence, key, path);
    expect(12, body.data?.length === 0, `a stranger lists ${path}`);
  }
  const feed = await readFeed(evidence, key);
  expect(12, feed.length === 0, `a stranger's feed has ${feed.length} events`);
}

/** 13: by the columns' types, by every number we ever answered or sent, and by what is refused. */
export async function checkAmounts(
  evidence: Evidence,
  found: Findings,
  { expect }: Verdicts,
): Promise<void> {
  const columns = await query<{ table_name: string; column_name: string; data_type: string }>(
    evidence.databaseUrl,
    `select table_name, column_name, data_type from information_schema.columns
      where table_schema = 'public' and column_name like '%\\_minor'`,
  );
  expect(13, columns.length > 8, `only ${columns.length} columns hold amounts`);
  for (const { table_name, column_name, data_type } of columns) {
    expect(13, data_type === 'bigint', `${table_name}.${column_name} is ${data_type}`);
  }
  const texts = [...found.bodies.values(), ...found.events.map(({ body }) => ({ text: body }))];
  for (const { text } of texts) {
    for (const [, name, number = ''] of text.matchAll(/"(\w*Minor)":(-?[^,}\]]+)/g)) {
      const isNumber = /^-?\d{1,16}$/.test(number) && Number.isSafeInteger(Number(number));
      const isWhole = number === 'null' || isNumber;
      expect(13, isWhole, `${name} is ${number}`);
    }
  }
  const nonsense = ['9007199254740992', '1.5', '"100"', '1e400', '-1', '0', 'null', '1e-7'];
  for (const [index, amount] of nonsense.entries()) {
    const response = await fetch(`${evidence.url}/v1/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${evidence.stranger.key}`,
        'content-type': 'application/json',
      },
      body: `{"merchantOrderNo":"N-${index}","amountMinor":${amount},"currency":"CNY","subject":"x"}`,
    });
    const text = await response.text();
    evidence.refusals.push({ status: response.status, text });
    expect(13, response.status === 400, `an amount of ${amount} is answered ${response.status}`);
  }
}
