import type { ApiAnswer } from './api-client.ts';
import type { TestMerchant, World } from './world.ts';

export type OrderBody = {
  id: string;
  status: string;
  version: number;
  merchantOrderNo: string;
  checkoutUrl: string;
  amountMinor: number;
  currency: string;
  capturedMinor: number;
  refundedMinor: number;
  methods: string[];
  confirmation: string | null;
  nextAction: { kind: string; content: string; url: string; clientSecret: string } | null;
  reviewReason: string | null;
  review: Record<string, unknown> | null;
  closeReason: string | null;
  failureCode: string | null;
  expiresAt: string;
  payments: {
    id: string;
    provider: string;
    method: string;
    outTradeNo: string;
    status: string;
    providerTradeNo: string | null;
    capturedMinor: number;
    surplus: string | null;
    failureCode: string | null;
  }[];
  refunds: RefundBody[];
  disputes: { id: string; disputeNo: string; status: string; amountMinor: number }[];
};

export type RefundBody = {
  id: string;
  status: string;
  cause: string;
  amountMinor: number;
  refundNo: string;
  merchantRefundNo: string | null;
  paymentId: string;
  failureCode: string | null;
};

let numbers = 0;

/** A valid new order, under a number of its own. */
export function newOrder(fields: Record<string, unknown> = {}) {
  numbers += 1;
  return {
    merchantOrderNo: `T-${process.pid}-${numbers}`,
    amountMinor: 1250,
    currency: 'CNY',
    subject: 'One cup of tea',
    ...fields,
  };
}

/** Opens an order and gives it back ready to be paid. */
export async function openOrder(
  { api }: TestMerchant,
  fields: Record<string, unknown> = {},
): Promise<OrderBody> {
  const { status, body, text } = await api<OrderBody>('POST', '/v1/orders', {
    body: newOrder(fields),
    // A machine that is busy with other tests may take longer than a merchant is kept waiting.
    headers: { prefer: 'wait=30' },
  });
  if (status !== 201) throw new Error(`POST /v1/orders answered ${status}: ${text}`);
  return body;
}

type Payable = { payments: readonly { outTradeNo: string; provider?: string }[] };

/** Says something to the console of the provider where an order's latest payment is. */
export async function tellProvider(
  world: World,
  { accounts }: TestMerchant,
  order: Payable,
  verb: string,
  body: Record<string, unknown> = {},
): Promise<void> {
  const payment = order.payments.at(-1);
  const account = accounts.find(
    ({ provider }) => provider === (payment?.provider ?? accounts[0]?.provider),
  );
  if (!payment || !account) throw new Error('the order has no payment at a known account');
  const { call } = await world.simulator(account.provider);
  const { status, text } = await call('POST', `/payments/${payment.outTradeNo}/${verb}`, {
    body: { account: account.account, ...body },
  });
  if (status >= 300) throw new Error(`the simulator answered ${status}: ${text}`);
}

/** The payer pays (or authorises) at the simulator, which then notifies. */
export function payAtProvider(
  world: World,
  merchant: TestMerchant,
  order: Payable,
  options: { paidMinor?: number; force?: boolean } = {},
): Promise<void> {
  return tellProvider(world, merchant, order, 'pay', options);
}

/** Waits until the order has the given status, as a merchant would: by asking to be told. */
export async function orderBecomes(
  { api }: TestMerchant,
  { id }: { id: string },
  status: string,
  timeoutMs = 60_000,
): Promise<OrderBody> {
  const endsMs = Date.now() + timeoutMs;
  let etag: string | null = null;
  for (;;) {
    const { body, headers }: ApiAnswer<OrderBody> = await api<OrderBody>(
      'GET',
      `/v1/orders/${id}`,
      {
        // The first look does not wait: the order may be there already.
        headers: etag === null ? {} : { prefer: 'wait=5', 'if-none-match': etag },
      },
    );
    if (body.status === status) return body;
    if (Date.now() > endsMs) throw new Error(`order ${id} is not ${status} but ${body.status}`);
    etag = headers.get('etag') ?? etag;
  }
}
