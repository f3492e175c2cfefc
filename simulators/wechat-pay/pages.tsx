import { Hono } from 'hono';
import type { Context } from 'hono';
import { findByDetail } from '../kit/book.ts';
import type { Payment } from '../kit/book.ts';
import { isHandleAlive } from '../kit/handles.ts';
import { renderPage } from '../kit/page.tsx';
import type { Platform } from '../kit/platform.ts';

const brand = { brand: 'WeChat Pay simulator', color: '#07a352' };

/** The pages on the payer's phone: for a scanned code, an H5 URL or a prepay id. */
export function createPages(platform: Platform): Hono {
  const pages = new Hono();

  const find = (c: Context): Payment | undefined => {
    const value = c.req.param('prepayId') ?? '';
    const payment = findByDetail(platform.book, 'prepayId', value);
    if (!payment) return undefined;
    const isOpen = platform.refresh(payment).status === 'open';
    const isUsable = !isOpen || isHandleAlive(payment, { name: 'prepayId', value });
    return isUsable ? payment : undefined;
  };

  const noSuchOrder = (c: Context) =>
    c.html(
      renderPage({
        ...brand,
        title: 'Unknown code',
        children: <p class="result">This code has no order, or it has expired.</p>,
      }),
      404,
    );

  pages.get('/:prepayId', (c) => {
    const payment = find(c);
    if (!payment) return noSuchOrder(c);
    const returnUrl = readReturnUrl(c.req.query('redirect_url'));
    const isCancelled = c.req.query('cancelled') !== undefined;
    const children = (
      <OrderPage payment={payment} returnUrl={returnUrl} isCancelled={isCancelled} />
    );
    return c.html(renderPage({ ...brand, title: payment.subject, children }));
  });

  pages.post('/:prepayId/:verb{pay|cancel}', async (c) => {
    const payment = find(c);
    if (!payment) return noSuchOrder(c);
    const isPaying = c.req.param('verb') === 'pay';
    if (isPaying) platform.pay(payment, {});
    const { redirect_url: redirectUrl } = await c.req.parseBody();
    const returnUrl = readReturnUrl(typeof redirectUrl === 'string' ? redirectUrl : undefined);
    // H5 returns to the shop after payment or cancellation; a code stays on a status page that can be reloaded.
    const page = `../${payment.details['prepayId']}${isPaying ? '' : '?cancelled'}`;
    return c.redirect(returnUrl ?? page, 303);
  });

  return pages;
}

function readReturnUrl(url: string | undefined): string | undefined {
  return url && /^https?:\/\//.test(url) ? url : undefined;
}

type OrderPageProps = { payment: Payment; returnUrl: string | undefined; isCancelled: boolean };

function OrderPage({ payment, returnUrl, isCancelled }: OrderPageProps) {
  const { subject, outTradeNo, status, amountMinor, capturedMinor } = payment;
  return (
    <>
      <p class="subject">{subject}</p>
      <p class="amount">{yuan(status === 'paid' ? capturedMinor : amountMinor)}</p>
      <p class="order">Order {outTradeNo}</p>
      <NextStep payment={payment} returnUrl={returnUrl} isCancelled={isCancelled} />
    </>
  );
}

function NextStep({ payment, returnUrl, isCancelled }: OrderPageProps) {
  if (payment.status === 'paid') return <p class="result paid">Paid</p>;
  if (payment.status === 'closed') {
    return <p class="result">This order is closed. Nothing was paid.</p>;
  }
  const page = payment.details['prepayId'];
  const target = <input type="hidden" name="redirect_url" value={returnUrl ?? ''} />;
  return (
    <>
      {isCancelled && <p class="result">Cancelled. Nothing was paid.</p>}
      <form method="post" action={`${page}/pay`}>
        {target}
        <button type="submit">Pay {yuan(payment.amountMinor)}</button>
      </form>
      <form method="post" action={`${page}/cancel`}>
        {target}
        <button type="submit" class="quiet">
          Cancel
        </button>
      </form>
    </>
  );
}

function yuan(fen: number): string {
  return `¥${(fen / 100).toFixed(2)}`;
}
