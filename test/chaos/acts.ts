import { setTimeout as sleep } from 'node:timers/promises';
import { forge } from './forge.ts';
import type { Act, ReportSource } from './life.ts';
import { longestMs, look, payable, until } from './look.ts';
import { accountOf, call, insist, isAnswer, tell } from './shop.ts';
import type { Answer, OrderBody, Shop, ShopAccount } from './shop.ts';

/** Does one thing to an order, and notes what was answered. Refusals are answers. */
export async function perform(shop: Shop, told: ReportSource, act: Act): Promise<void> {
  const { id } = told;
  const say = (path: string, body?: object, headers = {}) =>
    insist(
      `${path} ${id}`,
      () => call(shop, 'POST', `/v1/orders/${id}${path}`, { ...(body && { body }), headers }),
      isAnswer,
    );
  switch (act.do) {
    case 'think':
      await sleep(act.ms);
      return;
    case 'together':
      await Promise.all(act.acts.map((one) => perform(shop, told, one)));
      return;
    case 'scan':
      return scan(await payable(shop, told));
    case 'pay':
      return pay(shop, told, act);
    case 'cancel':
      await say('/cancel');
      return;
    case 'capture':
      await say('/capture', act.amountMinor === undefined ? {} : { amountMinor: act.amountMinor });
      return;
    case 'switch': {
      const before = (await look(shop, id)).payments.at(-1)?.id;
      const { status } = await say('/payments', { method: act.method });
      if (status !== 202) return;
      // Also by yet another way: the one that was requested may be away.
      const isSwitched = ({ status, nextAction, payments }: OrderBody) =>
        status !== 'pending' || (nextAction !== null && payments.at(-1)?.id !== before);
      await until(shop, told, isSwitched, `switched to ${act.method}`);
      return;
    }
    case 'resolve':
      for (const endsMs = Date.now() + longestMs; Date.now() < endsMs; await sleep(1_000)) {
        const answer = await say('/resolve', { verb: act.verb, note: 'as the dice fell' });
        if (!isStillDeciding(answer)) return;
      }
      throw new Error(`${id} was never decided about`);
    case 'refund':
      return refund(told, act, say);
    case 'payByHandle':
      return payByHandle(shop, told);
    case 'portal':
    case 'inquire':
    case 'move':
    case 'copy':
    case 'endHandle':
    case 'resend':
    case 'fault':
    case 'decide':
    case 'forge':
      return actAtProvider(shop, told, act);
    case 'await':
      await until(
        shop,
        told,
        ({ status }) => act.statuses.includes(status),
        act.statuses.join('|'),
      );
      return;
    case 'awaitRefund': {
      const isThere = ({ refunds }: OrderBody) =>
        refunds.some(({ status }) => act.statuses.includes(status));
      await until(shop, told, isThere, `refund ${act.statuses.join('|')}`);
    }
  }
}

/** 202, or refused only because what was requested before is still being carried out. */
function isStillDeciding({ status, text }: Answer): boolean {
  const isRequested =
    status === 409 && text.includes('"status":"review"') && !text.includes('"why"');
  return status === 202 || isRequested;
}

type At = Extract<
  Act,
  {
    do:
      | 'portal'
      | 'inquire'
      | 'move'
      | 'copy'
      | 'endHandle'
      | 'resend'
      | 'fault'
      | 'decide'
      | 'forge';
  }
>;

async function actAtProvider(shop: Shop, told: ReportSource, act: At): Promise<void> {
  const order = await look(shop, told.id);
  const { provider, outTradeNo } = order.payments.at(-1)!;
  const at = accountOf(shop, provider);
  switch (act.do) {
    case 'portal': {
      const { verb, amountMinor } = act;
      if (verb === 'dispute' && provider !== 'stripe') return;
      await tell(at, `/payments/${outTradeNo}/${verb}`, { ...(amountMinor && { amountMinor }) });
      return;
    }
    case 'inquire':
      if (provider === 'stripe')
        await tell(at, `/payments/${outTradeNo}/dispute`, { isInquiry: true });
      return;
    case 'move': {
      const disputeNo = await latestDispute(at, outTradeNo);
      if (disputeNo) await tell(at, `/disputes/${disputeNo}/move`, { to: act.to });
      return;
    }
    case 'copy': {
      const copy = await copyOf(at, outTradeNo);
      if (!copy) return;
      await tell(at, `/payments/${copy}/pay`);
      const amountMinor = Math.ceil(told.life.opening.amountMinor / 3);
      if (act.follows === 'refund') await tell(at, `/payments/${copy}/refund`, { amountMinor });
      if (act.follows === 'dispute') await tell(at, `/payments/${copy}/dispute`);
      return;
    }
    case 'endHandle':
      await tell(at, `/payments/${outTradeNo}/endHandle`);
      await shop.endHandle(outTradeNo);
      return;
    case 'resend':
      await tell(at, `/notifications/${outTradeNo}/resend`);
      return;
    case 'fault': {
      const { do: _, ...fault } = act;
      await tell(at, '/faults', { ...fault, outTradeNo });
      return;
    }
    case 'decide': {
      const disputed = (found: OrderBody) => found.disputes.length > 0;
      const { disputes } = await until(shop, told, disputed, 'a dispute');
      await tell(at, `/disputes/${disputes[0]!.disputeNo}/close`, { won: act.won });
      return;
    }
    case 'forge': {
      const { amountMinor } = told.life.opening;
      told.forgeries.push(await forge(shop.url, at, { outTradeNo, amountMinor }));
    }
  }
}

/** Undefined where nobody has disputed it: it was not paid, or one is under way no more. */
async function latestDispute(at: ShopAccount, outTradeNo: string): Promise<string | undefined> {
  const response = await fetch(
    `${at.simulatorUrl}/console/payments/${outTradeNo}?account=${at.account}`,
  );
  const { disputes } = (await response.json()) as { disputes?: { disputeNo: string }[] };
  return disputes?.at(-1)?.disputeNo;
}

/** Undefined where the provider keeps numbers apart. */
async function copyOf(at: ShopAccount, outTradeNo: string): Promise<string | undefined> {
  if (at.provider !== 'stripe') return undefined;
  const response = await fetch(`${at.simulatorUrl}/console/payments/${outTradeNo}/copy`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: at.account }),
  });
  return ((await response.json()) as { outTradeNo?: string }).outTradeNo;
}

/** A payer has nothing but what the order shows; a code that is over meanwhile is asked for again. */
async function payByHandle(shop: Shop, told: ReportSource): Promise<void> {
  const endsMs = Date.now() + longestMs;
  for (;;) {
    const order = await payable(shop, told);
    const address = order.nextAction?.content ?? order.nextAction?.url;
    if (order.status !== 'pending' || !address?.startsWith('http')) return;
    const url = new URL(address);
    url.pathname += '/pay';
    const response = await fetch(url, { method: 'POST', redirect: 'manual' });
    await response.text();
    if (response.status === 303) return;
    if (Date.now() > endsMs) throw new Error(`${told.id} cannot be paid by ${address}`);
    await sleep(500);
  }
}

/** What the payer has to open before there is anything to pay. */
async function scan({ nextAction }: OrderBody): Promise<void> {
  const address = nextAction?.content ?? nextAction?.url;
  if (!address?.startsWith('http')) return;
  const response = await fetch(address);
  await response.text();
}

async function pay(
  shop: Shop,
  told: ReportSource,
  act: Extract<Act, { do: 'pay' }>,
): Promise<void> {
  const { force, paidMinor } = act;
  const terms = { ...(force && { force }), ...(paidMinor !== undefined && { paidMinor }) };
  const endsMs = Date.now() + longestMs;
  for (;;) {
    const order = force ? await look(shop, told.id) : await payable(shop, told);
    const payment = act.attempt === 'first' ? order.payments[0] : order.payments.at(-1);
    if (!payment) throw new Error(`${told.id} has no payment`);
    if (/^alipay\.(page|wap)$/.test(payment.method)) await scan(order);
    const at = accountOf(shop, payment.provider);
    const status = await tell(at, `/payments/${payment.outTradeNo}/pay`, terms);
    // Not known there (yet): an attempt that has only just taken the place of another.
    if (status !== 404 || force || order.status !== 'pending') return;
    if (Date.now() > endsMs) throw new Error(`${payment.outTradeNo} cannot be paid`);
    await sleep(1_000);
  }
}

async function refund(
  told: ReportSource,
  { no, amountMinor }: Extract<Act, { do: 'refund' }>,
  say: (path: string, body: object, headers: object) => Promise<Answer>,
): Promise<void> {
  const merchantRefundNo = `R-${told.life.number}-${no}`;
  const body = { merchantRefundNo, ...(amountMinor !== undefined && { amountMinor }) };
  const { status, text } = await say('/refunds', body, { prefer: 'wait=2' });
  if (status >= 400) {
    told.refusedRefunds += 1;
    return;
  }
  const { id, amountMinor: givenMinor } = JSON.parse(text) as { id: string; amountMinor: number };
  told.refunds.push({ id, merchantRefundNo, amountMinor: givenMinor, status });
}
