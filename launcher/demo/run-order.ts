import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderUnicodeCompact } from 'uqr';
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
  nextAction: { kind: string; content: string } | null;
  payments: { outTradeNo: string; providerTradeNo: string | null }[];
};
type Trade = { notifications: { end: string; attempts: unknown[] }[] };
type Told = { webhookId: string; type: string; verified: boolean; at: string };

/** What happened, step by step; every step was seen to have happened, or it throws. */
export type DemoRun = {
  order: Order;
  delivery: { webhookId: string; type: string; verified: boolean };
  links: { checkout: string; temporal: string; docs: string };
  timeline: { step: string; atMs: number; detail: string }[];
};

const longestWaitMs = 30_000;

/** Takes one order the whole way: opened over HTTP, paid at the simulator, the merchant told. */
export async function runDemoOrder(local: Local, merchant: DemoMerchant): Promise<DemoRun> {
  const startedMs = performance.now();
  const timeline: DemoRun['timeline'] = [];
  const note = (step: string, detail: string) =>
    timeline.push({ step, atMs: Math.round(performance.now() - startedMs), detail });
  const { key } = merchant;

  const { body: order } = await callApi<Order>({
    url: `${local.apiUrl}/v1/orders`,
    key,
    headers: { 'idempotency-key': randomUUID(), prefer: 'wait=30' },
    body: {
      merchantOrderNo: `DEMO-${Date.now()}`,
      amountMinor: 1250,
      currency: 'CNY',
      subject: 'One cup of tea',
    },
  });
  note('order created', `${order.id}, CNY 12.50`);
  if (order.nextAction?.kind !== 'qr')
    throw new Error(`no QR code for ${order.id}: ${order.status}`);
  note('QR code', order.nextAction.content);

  const outTradeNo = order.payments[0]?.outTradeNo ?? '';
  const tradeUrl = `${local.simulatorUrl}/console/trades/${outTradeNo}`;
  await callApi({ url: `${tradeUrl}/pay`, body: { appId: merchant.appId } });
  note('paid at the Alipay simulator', `trade ${outTradeNo}`);
  await seen('the notification to be verified and acknowledged', async () => {
    const { body } = await callApi<Trade>({ url: `${tradeUrl}?appId=${merchant.appId}` });
    return body.notifications.find(({ end }) => end === 'acknowledged');
  });
  note('notification verified', 'RSA2 signature, app, seller, number and amount');

  const paid = await seen('the order to be paid', async () => {
    const { body } = await callApi<Order>({
      url: `${local.apiUrl}/v1/orders/${order.id}`,
      key,
      headers: { prefer: 'wait=5', 'if-none-match': '"0"' },
    });
    return body.status === 'paid' ? body : undefined;
  });
  note('order paid', `Alipay's number ${paid.payments[0]?.providerTradeNo ?? ''}`);
  const told = await seen('the merchant to be told', async () => {
    const { body } = await callApi<Told[]>({
      url: `${local.merchantUrl}/received?orderId=${order.id}`,
    });
    return body.find(({ type }) => type === 'order.paid');
  });
  note('merchant told', told.webhookId);
  note('signature verified by the merchant', 'Standard Webhooks');

  const workflowId = encodeURIComponent(`order/${order.id}`);
  return {
    order: paid,
    delivery: { webhookId: told.webhookId, type: told.type, verified: told.verified },
    links: {
      checkout: order.checkoutUrl,
      temporal: `${local.temporalUiUrl}/namespaces/${local.temporalNamespace}/workflows/${workflowId}`,
      docs: `${local.apiUrl}/docs`,
    },
    timeline,
  };
}

/** The timeline as people read it, with the code itself. */
export function showDemoRun({ order, timeline, links }: DemoRun): string {
  const code = timeline.find(({ step }) => step === 'QR code')?.detail ?? '';
  const lines = timeline.map(
    ({ step, atMs, detail }) => `  ${String(atMs).padStart(6)} ms  ${step.padEnd(36)} ${detail}`,
  );
  return [
    '',
    `Order ${order.merchantOrderNo}`,
    ...lines,
    '',
    renderUnicodeCompact(code, { border: 1 }),
    '',
    `  checkout page  ${links.checkout}`,
    `  Temporal UI    ${links.temporal}`,
    `  API reference  ${links.docs}`,
  ].join('\n');
}

async function seen<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endsMs = Date.now() + longestWaitMs;
  while (Date.now() < endsMs) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(5);
  }
  throw new Error(`waited ${longestWaitMs / 1_000} s in vain for ${what}`);
}
