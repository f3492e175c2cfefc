import type { ApiAnswer } from './api-client.ts';
import type { TestMerchant, World } from './world.ts';

export type OrderBody = {
  id: string;
  status: string;
  version: number;
  merchantOrderNo: string;
  checkoutUrl: string;
  nextAction: { kind: string; content: string } | null;
  reviewReason: string | null;
  closeReason: string | null;
  failureCode: string | null;
  expiresAt: string;
  payments: { id: string; outTradeNo: string; status: string; providerTradeNo: string | null }[];
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
  });
  if (status !== 201) throw new Error(`POST /v1/orders answered ${status}: ${text}`);
  return body;
}

/** The payer pays at the simulator, which then notifies. */
export async function payAtProvider(
  { simulator }: World,
  { appId }: TestMerchant,
  order: { payments: readonly { outTradeNo: string }[] },
  options: { paidAmount?: string } = {},
): Promise<void> {
  const outTradeNo = order.payments[0]?.outTradeNo;
  const { status, text } = await simulator.call('POST', `/trades/${outTradeNo}/pay`, {
    body: { appId, ...options },
  });
  if (status !== 200) throw new Error(`the simulator answered ${status}: ${text}`);
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
