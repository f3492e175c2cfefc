import { setTimeout as sleep } from 'node:timers/promises';

/** What is to become of an order, decided by the seed before it is opened. */
export type Fate = 'paid' | 'cancelled' | 'contested' | 'expires';

export type Plan = {
  number: number;
  fate: Fate;
  /** When it is opened, and how long its payer then thinks. */
  atMs: number;
  thinkMs: number;
  isScanned: boolean;
  isAskedAgain: boolean;
};

export type Opened = {
  plan: Plan;
  id: string;
  merchantOrderNo: string;
  outTradeNo: string;
  status: number;
  /** Answers that were none: broken connections, 409 in flight, 5xx. */
  retries: number;
};

type Shop = { url: string; simulatorUrl: string; merchant: { key: string; appId: string } };
type OrderBody = {
  id: string;
  status: string;
  merchantOrderNo: string;
  nextAction: unknown;
  payments: { outTradeNo: string }[];
};
type Answer = { status: number; text: string };

const retryMs = 250;
const patienceMs = 180_000;

/** A merchant and their payer: opens an order as planned, and does with it as planned, whatever breaks. */
export async function liveThrough(shop: Shop, plan: Plan): Promise<Opened> {
  const merchantOrderNo = `C-${plan.number}`;
  const order = {
    merchantOrderNo,
    amountMinor: 100 + plan.number,
    currency: 'CNY',
    subject: 'One cup of tea',
    ...(plan.fate === 'expires' && { expiresInSeconds: 60 }),
  };
  const open = () => call(shop, 'POST', '/v1/orders', { body: order, key: `chaos-${plan.number}` });
  let retries = 0;
  const first = await insist(`open ${merchantOrderNo}`, open, ({ status }) => {
    if (status === 201 || status === 202) return true;
    if (status !== 409 && status < 500) throw new Error(`${merchantOrderNo}: ${status}`);
    retries += 1;
    return false;
  });
  const { id, payments } = JSON.parse(first.text) as OrderBody;
  if (plan.isAskedAgain) {
    const again = await insist(`ask ${id} again`, open, ({ status }) => status < 400);
    if (again.text !== first.text) throw new Error(`${id}: the repeat was answered otherwise`);
  }
  const outTradeNo = payments[0]?.outTradeNo ?? '';
  const opened = { plan, id, merchantOrderNo, outTradeNo, status: first.status, retries };
  await meetFate(shop, opened);
  return opened;
}

async function meetFate(shop: Shop, { plan, id, outTradeNo }: Opened): Promise<void> {
  await sleep(plan.thinkMs);
  const isOpened = () => isPayable(shop, id);
  switch (plan.fate) {
    case 'paid':
      await isOpened();
      return act(shop, 'pay', outTradeNo);
    case 'contested':
      await isOpened();
      await act(shop, 'scan', outTradeNo);
      await Promise.all([act(shop, 'pay', outTradeNo), cancel(shop, id)]);
      return;
    case 'cancelled':
      if (plan.isScanned) {
        await isOpened();
        await act(shop, 'scan', outTradeNo);
      }
      return cancel(shop, id);
    case 'expires':
      if (plan.isScanned) await isOpened().then(() => act(shop, 'scan', outTradeNo));
  }
}

async function isPayable(shop: Shop, id: string): Promise<void> {
  await insist(
    `${id} is payable`,
    () => call(shop, 'GET', `/v1/orders/${id}`),
    ({ status, text }) => status === 200 && (JSON.parse(text) as OrderBody).nextAction !== null,
  );
}

/** At the provider. A refusal is an answer too: what was closed meanwhile cannot be paid. */
async function act(
  { simulatorUrl, merchant: { appId } }: Shop,
  verb: 'pay' | 'scan',
  outTradeNo: string,
): Promise<void> {
  const response = await fetch(`${simulatorUrl}/console/trades/${outTradeNo}/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ appId }),
  });
  if (response.status !== 200 && response.status !== 409) {
    throw new Error(`the simulator answered ${response.status} to ${verb} ${outTradeNo}`);
  }
}

/** Says it until it is heard; that the order was paid, 409, is an answer. */
async function cancel(shop: Shop, id: string): Promise<void> {
  await insist(
    `cancel ${id}`,
    () => call(shop, 'POST', `/v1/orders/${id}/cancel`),
    ({ status }) => [200, 202, 409].includes(status),
  );
}

async function insist(
  what: string,
  ask: () => Promise<Answer>,
  isEnough: (answer: Answer) => boolean,
): Promise<Answer> {
  const endsMs = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask().catch(() => ({ status: 599, text: '' }));
    if (isEnough(answer)) return answer;
    if (Date.now() > endsMs) throw new Error(`gave up after ${patienceMs} ms: ${what}`);
    await sleep(retryMs);
  }
}

async function call(
  { url, merchant }: Shop,
  method: string,
  path: string,
  { body, key }: { body?: unknown; key?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${merchant.key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}
