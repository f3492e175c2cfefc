import type { KeyObject } from 'node:crypto';
import type { Context } from 'hono';
import type { Payment } from '../kit/book.ts';
import type { Platform } from '../kit/platform.ts';
import { findApp } from './account.ts';
import { authenticate } from './authenticate.ts';
import { wallTime } from './clock.ts';
import { readBizContent } from './gateway.ts';
import { yuan } from './money.ts';
import { renderMistake } from './pages.tsx';
import { signRsa2, signedText } from './signing.ts';
import { numberIn, numbersOf, placeOrder } from './trades.ts';
import type { Order } from './trades.ts';

/** The product code of each page. */
const pages: Readonly<Record<string, { method: Order['method']; productCode: string }>> = {
  'alipay.trade.page.pay': { method: 'page', productCode: 'FAST_INSTANT_TRADE_PAY' },
  'alipay.trade.wap.pay': { method: 'wap', productCode: 'QUICK_WAP_WAY' },
};

/** A payer may open the URL much later; `time_expire` limits it. */
const maxAddressAgeMs = 24 * 3_600_000;

/** `GET /gateway.do`: the payer opens a URL that the merchant signed, and is redirected to the cashier. */
export function createCashierRedirect({
  platform,
  publicUrl,
}: {
  platform: Platform;
  publicUrl: () => string;
}) {
  return (c: Context): Response | Promise<Response> => {
    const params = new Map(new URL(c.req.url).searchParams);
    const caller = authenticate(params, platform.book, { maxAgeMs: maxAddressAgeMs });
    if ('rejection' in caller) {
      return c.html(renderMistake(String(caller.rejection['sub_code'])), 400);
    }
    const page = pages[params.get('method') ?? ''];
    const terms = readBizContent(params);
    if (!page || terms?.['product_code'] !== page.productCode) {
      return c.html(renderMistake('INVALID_PARAMETER'), 400);
    }
    const verdict = placeOrder(platform, {
      app: caller.app,
      method: page.method,
      terms,
      notifyUrl: params.get('notify_url'),
      returnUrl: params.get('return_url'),
    });
    if ('payment' in verdict) return toCashier(c, verdict.payment, publicUrl());
    // An ended payment is shown to the payer; everything else is the merchant's mistake.
    const key = { account: caller.app.appId, outTradeNo: numberIn(terms) };
    const payment = platform.find(key);
    const isEnded = payment && verdict.refusal.startsWith('TRADE_HAS_');
    return isEnded
      ? toCashier(c, payment, publicUrl())
      : c.html(renderMistake(verdict.refusal), 400);
  };
}

function toCashier(c: Context, { details }: Payment, publicUrl: string): Response {
  return c.redirect(`${publicUrl}/cashier/${details['code']}`, 302);
}

/** The payer's return URL with signed fields for the shop's page. They do not prove a payment; notifications do. */
export async function returnAddressOf(
  payment: Payment,
  { platform, platformKey }: { platform: Platform; platformKey: KeyObject },
): Promise<string | undefined> {
  const app = findApp(platform.book, payment.account);
  const { returnUrl } = payment.details;
  if (!app || !returnUrl || !URL.canParse(returnUrl)) return undefined;
  const { trade_no, out_trade_no } = numbersOf(payment);
  const fields = {
    charset: 'utf-8',
    out_trade_no,
    method: `alipay.trade.${payment.method}.pay.return`,
    total_amount: yuan(payment.capturedMinor),
    trade_no: trade_no ?? '',
    auth_app_id: app.appId,
    version: '1.0',
    app_id: app.appId,
    sign_type: 'RSA2',
    seller_id: app.sellerId,
    timestamp: wallTime(Date.now()),
  };
  const text = signedText(Object.entries(fields), { withSignType: false });
  const url = new URL(returnUrl);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  url.searchParams.set('sign', await signRsa2(text, platformKey));
  return url.href;
}
