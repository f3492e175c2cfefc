import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderUnicodeCompact } from 'uqr';
import { formatMoney } from '../../domain/money.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import type { Local } from '../local/bring-up.ts';
import { callApi } from './call-api.ts';
import type { DemoMerchant } from './set-up.ts';

type Order = {
  id: string;
  status: string;
  version: number;
  amountMinor: number;
  currency: string;
  merchantOrderNo: string;
  checkoutUrl: string;
  nextAction: { kind: string; content?: string; url?: string } | null;
  capturedMinor: number;
  refundedMinor: number;
  payments: { outTradeNo: string; providerTradeNo: string | null }[];
  refunds: { id: string; status: string; amountMinor: number }[];
};
type Trade = { notifications: { end: string | null }[] };
type ReceivedEvent = { webhookId: string; type: string; verified: boolean; at: string };

/** One demo order, step by step. `runDemoOrder` observes every step and throws if one is missing. */
export type DemoRun = {
  provider: ProviderName;
  order: Order;
  refund: { id: string; status: string; amountMinor: number };
  delivery: { webhookId: string; type: string; verified: boolean };
  links: { checkout: string; temporal: string; docs: string };
  timeline: { step: string; atMs: number; detail: string }[];
};

const maxWaitMs = 30_000;
const refundMinor = 250;

/** Each provider's demo order, by a method that a person can follow in the browser. */
const demoOrders = {
  alipay: { method: 'alipay.qr', currency: 'CNY', subject: 'One cup of tea', checks: 'RSA2' },
  'wechat-pay': {
    method: 'wechat-pay.native',
    currency: 'CNY',
    subject: 'One bowl of noodles',
    checks: 'RSA signature by serial, AES-256-GCM',
  },
  stripe: {
    method: 'stripe.checkout',
    currency: 'USD',
    subject: 'One slice of cake',
    checks: 'HMAC-SHA256',
  },
} as const;

/** Runs one order from creation over HTTP through payment at the simulator and events to a partial refund. */
export async function runDemoOrder(
  local: Local,
  merchant: DemoMerchant,
  provider: ProviderName,
): Promise<DemoRun> {
  const startedMs = performance.now();
  const timeline: DemoRun['timeline'] = [];
  const record = (step: string, detail: string) =>
    timeline.push({ step, atMs: Math.round(performance.now() - startedMs), detail });
  const { key } = merchant;
  const { method, currency, subject, checks } = demoOrders[provider];
  const { title } = definitions[provider];
  const readOrder = async () => {
    const headers = { prefer: 'wait=5', 'if-none-match': '"0"' };
    const url = `${local.apiUrl}/v1/orders/${order.id}`;
    return (await callApi<Order>({ url, key, headers })).body;
  };

  const { body: order } = await callApi<Order>({
    url: `${local.apiUrl}/v1/orders`,
    key,
    headers: { 'idempotency-key': randomUUID(), prefer: 'wait=30' },
    body: {
      merchantOrderNo: `DEMO-${provider}-${Date.now()}`,
      amountMinor: 1250,
      currency,
      subject,
      methods: [method],
    },
  });
  record('order created', `${order.id}, ${formatMoney(order)}`);
  const action = order.nextAction;
  if (!action) throw new Error(`nothing to pay for ${order.id}: ${order.status}`);
  record(action.kind === 'qr' ? 'QR code' : 'payment page', action.content ?? action.url ?? '');

  const outTradeNo = order.payments[0]?.outTradeNo ?? '';
  const { account } = merchant.accounts[provider];
  const tradeUrl = `${local.simulatorUrls[provider]}/console/payments/${outTradeNo}`;
  await callApi({ url: `${tradeUrl}/pay`, body: { account } });
  record(`paid at the ${title} simulator`, `our number ${outTradeNo}`);
  await waitFor('the notification to be verified and acknowledged', async () => {
    const { body } = await callApi<Trade>({ url: `${tradeUrl}?account=${account}` });
    return body.notifications.find(({ end }) => end === 'acknowledged');
  });
  record('notification verified', `${checks}, account, number and amount`);

  const paid = await waitFor('the order to be paid', async () => {
    const found = await readOrder();
    return found.status === 'paid' ? found : undefined;
  });
  record('order paid', `${title}'s number ${paid.payments[0]?.providerTradeNo ?? ''}`);
  const receivedEvent = (type: string) =>
    waitFor(`the merchant to receive ${type}`, async () => {
      const url = `${local.merchantUrl}/received?orderId=${order.id}`;
      const { body } = await callApi<ReceivedEvent[]>({ url });
      return body.find((entry) => entry.type === type);
    });
  const paidEvent = await receivedEvent('order.paid');
  record('merchant notified', paidEvent.webhookId);
  record('signature verified by the merchant', 'Standard Webhooks');

  await callApi({
    url: `${local.apiUrl}/v1/orders/${order.id}/refunds`,
    key,
    headers: { prefer: 'wait=20' },
    body: { merchantRefundNo: `${order.merchantOrderNo}-1`, amountMinor: refundMinor },
  });
  const refunded = await waitFor('the refund to succeed', async () => {
    const found = await readOrder();
    return found.refunds[0]?.status === 'succeeded' ? found : undefined;
  });
  const refund = refunded.refunds[0]!;
  record('partly refunded', `${refund.id}, ${formatMoney({ amountMinor: refundMinor, currency })}`);
  await receivedEvent('refund.succeeded');
  record('merchant notified of the refund', refunded.status);

  const workflowId = encodeURIComponent(`order/${order.id}`);
  return {
    provider,
    order: refunded,
    refund,
    delivery: {
      webhookId: paidEvent.webhookId,
      type: paidEvent.type,
      verified: paidEvent.verified,
    },
    links: {
      checkout: order.checkoutUrl,
      temporal: `${local.temporalUiUrl}/namespaces/${local.temporalNamespace}/workflows/${workflowId}`,
      docs: `${local.apiUrl}/docs`,
    },
    timeline,
  };
}

/** The timeline as text, with the QR code where there is one. */
export function showDemoRun({ provider, order, timeline, links }: DemoRun): string {
  const code = timeline.find(({ step }) => step === 'QR code')?.detail;
  const lines = timeline.map(
    ({ step, atMs, detail }) => `  ${String(atMs).padStart(6)} ms  ${step.padEnd(36)} ${detail}`,
  );
  return [
    '',
    `${definitions[provider].title}: order ${order.merchantOrderNo}`,
    ...lines,
    '',
    ...(code ? [renderUnicodeCompact(code, { border: 1 }), ''] : []),
    `  checkout page  ${links.checkout}`,
    `  Temporal UI    ${links.temporal}`,
  ].join('\n');
}

async function waitFor<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const endsMs = Date.now() + maxWaitMs;
  while (Date.now() < endsMs) {
    const found = await read();
    if (found !== undefined) return found;
    await sleep(5);
  }
  throw new Error(`waited ${maxWaitMs / 1_000} s without success for ${what}`);
}
