import { Hono } from 'hono';
import type { Context } from 'hono';
import { findByDetail } from '../kit/book.ts';
import type { Payment } from '../kit/book.ts';
import { renderPage } from '../kit/page.tsx';
import type { Platform } from '../kit/platform.ts';
import { toApiAmount } from './units.ts';

const brand = { brand: 'Stripe simulator', color: '#635bff' };

/** The payer's pages: the hosted page of a Session, and a page for a client secret instead of Stripe.js. */
export function createPages(platform: Platform): Hono {
  const pages = new Hono();
  const find = (c: Context, name: string): Payment | undefined => {
    const payment = findByDetail(platform.book, name, c.req.param('key') ?? '');
    return payment && platform.refresh(payment);
  };

  for (const [path, detail] of [
    ['/c/pay/:key', 'sessionId'],
    ['/pay/:key', 'clientSecret'],
  ] as const) {
    pages.get(path, (c) => {
      const payment = find(c, detail);
      return payment ? c.html(renderPayment(payment)) : c.html(renderUnknown(), 404);
    });

    pages.post(`${path}/pay`, (c) => {
      const payment = find(c, detail);
      if (!payment) return c.html(renderUnknown(), 404);
      platform.pay(payment, {});
      // Redirects to the merchant, as Stripe does for a Session, so that a reload does not pay again.
      const isPaid = payment.status === 'paid' || payment.status === 'authorized';
      const successUrl = isPaid ? payment.details['successUrl'] : undefined;
      return c.redirect(successUrl ?? `../${c.req.param('key')}`, 303);
    });

    pages.post(`${path}/cancel`, (c) => {
      const payment = find(c, detail);
      if (!payment) return c.html(renderUnknown(), 404);
      return c.redirect(payment.details['cancelUrl'] ?? `../${c.req.param('key')}`, 303);
    });
  }

  return pages;
}

function renderPayment(payment: Payment) {
  return renderPage({
    ...brand,
    title: payment.subject,
    children: <PaymentBody payment={payment} />,
  });
}

function PaymentBody({ payment }: { payment: Payment }) {
  return (
    <>
      <p class="subject">{payment.subject}</p>
      <p class="amount">{amountText(payment)}</p>
      <p class="order">Order {payment.outTradeNo}</p>
      <NextStep payment={payment} />
    </>
  );
}

function NextStep({ payment }: { payment: Payment }) {
  const { details, status, capture } = payment;
  switch (status) {
    case 'paid':
      return <p class="result paid">Paid</p>;
    case 'authorized':
      return <p class="result paid">Authorised for the merchant</p>;
    case 'closed':
      return <p class="result">This payment is closed. Nothing was paid.</p>;
    case 'open': {
      const key = details['sessionId'] ?? details['clientSecret'] ?? '';
      const verb = capture === 'manual' ? 'Authorize' : 'Pay';
      return (
        <>
          <form method="post" action={`${key}/pay`}>
            <button type="submit">{`${verb} ${amountText(payment)}`}</button>
          </form>
          {details['cancelUrl'] && (
            <form method="post" action={`${key}/cancel`}>
              <button type="submit" class="quiet">
                Cancel
              </button>
            </form>
          )}
        </>
      );
    }
  }
}

function renderUnknown() {
  const children = <p class="result">This address has no payment.</p>;
  return renderPage({ ...brand, title: 'Unknown payment', children });
}

const zeroDecimals = new Set(['JPY', 'KRW', 'VND']);
const threeDecimals = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

function amountText({ amountMinor, currency }: Payment): string {
  const decimals = zeroDecimals.has(currency) ? 0 : threeDecimals.has(currency) ? 3 : 2;
  const amount = toApiAmount(amountMinor, currency) / 10 ** decimals;
  return `${currency} ${amount.toFixed(decimals)}`;
}
