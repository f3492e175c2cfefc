import { Hono } from 'hono';
import type { Context } from 'hono';
import { findByDetail } from '../kit/book.ts';
import type { Payment } from '../kit/book.ts';
import { isHandleAlive } from '../kit/handles.ts';
import { renderPage } from '../kit/page.tsx';
import type { Platform } from '../kit/platform.ts';
import { yuan } from './money.ts';
import { beginTrade, isTrade } from './trades.ts';

const brand = { brand: 'Alipay simulator', color: '#1677ff' };

export type PagesParts = {
  platform: Platform;
  returnAddressOf: (payment: Payment) => Promise<string | undefined>;
};

/** The payer's pages of a code and of the cashier. Opening one counts as the scan. */
export function createPages({ platform, returnAddressOf }: PagesParts): Hono {
  const pages = new Hono();

  const find = (c: Context): Payment | undefined => {
    const value = c.req.param('code') ?? '';
    const payment = findByDetail(platform.book, 'code', value);
    const isExpired =
      payment?.status === 'open' && !isHandleAlive(payment, { name: 'code', value });
    if (isExpired) return undefined;
    if (payment) beginTrade(platform, payment);
    return payment;
  };

  pages.get('/:code', (c) => {
    const payment = find(c);
    if (!payment) return c.html(renderUnknown(), 404);
    const isCancelled = c.req.query('cancelled') !== undefined;
    const children = <TradePage payment={payment} isCancelled={isCancelled} />;
    return c.html(renderPage({ ...brand, title: payment.subject, children }));
  });

  pages.post('/:code/pay', async (c) => {
    const payment = find(c);
    if (!payment) return c.html(renderUnknown(), 404);
    platform.pay(payment, {});
    const isPaid = payment.status === 'paid';
    const returnUrl = isPaid ? await returnAddressOf(payment) : undefined;
    // Otherwise redirects to the status page, so that a reload does not pay again.
    return c.redirect(returnUrl ?? `../${payment.details['code']}`, 303);
  });

  pages.post('/:code/cancel', (c) => {
    const payment = find(c);
    if (!payment) return c.html(renderUnknown(), 404);
    // Leaving does not close the trade; the payer may return and pay.
    const page = `../${payment.details['code']}?cancelled`;
    return c.redirect(payment.details['quitUrl'] ?? page, 303);
  });

  return pages;
}

type TradePageProps = { payment: Payment; isCancelled: boolean };

function TradePage({ payment, isCancelled }: TradePageProps) {
  const { subject, outTradeNo, status, amountMinor, capturedMinor } = payment;
  return (
    <>
      <p class="subject">{subject}</p>
      <p class="amount">¥{yuan(status === 'paid' ? capturedMinor : amountMinor)}</p>
      <p class="order">Order {outTradeNo}</p>
      <NextStep payment={payment} isCancelled={isCancelled} />
    </>
  );
}

function NextStep({ payment, isCancelled }: TradePageProps) {
  if (payment.status === 'paid') return <p class="result paid">Paid</p>;
  if (payment.status === 'closed') {
    const what = isTrade(payment) ? 'This order is closed' : 'This code has expired';
    return <p class="result">{what}. Nothing was paid.</p>;
  }
  const { code } = payment.details;
  return (
    <>
      {isCancelled && <p class="result">Cancelled. Nothing was paid.</p>}
      <form method="post" action={`${code}/pay`}>
        <button type="submit">Pay ¥{yuan(payment.amountMinor)}</button>
      </form>
      <form method="post" action={`${code}/cancel`}>
        <button type="submit" class="quiet">
          Cancel
        </button>
      </form>
    </>
  );
}

function renderUnknown() {
  const children = <p class="result">This code has no order.</p>;
  return renderPage({ ...brand, title: 'Unknown code', children });
}

/** The payer's page for an invalid URL of the shop. */
export function renderMistake(code: string) {
  const children = <p class="result">This payment cannot be made: {code}.</p>;
  return renderPage({ ...brand, title: 'Mistake', children });
}
