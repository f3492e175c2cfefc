import { setTimeout as sleep } from 'node:timers/promises';
import { forge } from './forge.ts';
import type { Act, Told } from './life.ts';
import { longestMs, look, payable, until } from './look.ts';
import { accountOf, call, insist, isAnswer, tell } from './shop.ts';
import type { Answer, OrderBody, Shop } from './shop.ts';

/** Does one thing to an order, and notes what was answered. Refusals are answers. */
export async function perform(shop: Shop, told: Told, act: Act): Promise<void> {
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
      // Also by yet another way: the one that was wished for may be away.
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
    case 'portal':
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

/** 202, or refused only because what was wished for before is still being carried out. */
function isStillDeciding({ status, text }: Answer): boolean {
  const isWished = status === 409 && text.includes('"status":"review"') && !text.includes('"why"');
  return status === 202 || isWished;
}

type At = Extract<Act, { do: 'portal' | 'resend' | 'fault' | 'decide' | 'forge' }>;

async function actAtProvider(shop: Shop, told: Told, act: At): Promise<void> {
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

/** What the payer has to open before there is anything to pay. */
async function scan({ nextAction }: OrderBody): Promise<void> {
  const address = nextAction?.content ?? nextAction?.url;
  if (!address?.startsWith('http')) return;
  const response = await fetch(address);
  await response.text();
}

async function pay(shop: Shop, told: Told, act: Extract<Act, { do: 'pay' }>): Promise<void> {
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
  told: Told,
  { no, amountMinor }: Extract<Act, { do: 'refund' }>,
  say: (path: string, body: object, headers: object) => Promise<Answer>,
): Promise<void> {
  const merchantRefundNo = `R-${told.life.number}-${no}`;
  const wish = { merchantRefundNo, ...(amountMinor !== undefined && { amountMinor }) };
  const { status, text } = await say('/refunds', wish, { prefer: 'wait=2' });
  if (status >= 400) {
    told.refusedRefunds += 1;
    return;
  }
  const { id, amountMinor: givenMinor } = JSON.parse(text) as { id: string; amountMinor: number };
  told.refunds.push({ id, merchantRefundNo, amountMinor: givenMinor, status });
}
