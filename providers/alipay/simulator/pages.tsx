import { Hono } from 'hono';
import { html, raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { Trade } from './book.ts';
import type { Platform } from './platform.ts';

const doctype = raw('<!doctype html>');

/** What the payer's telephone shows. Opening the code's URL is the scan. */
export function createPages(platform: Platform): Hono {
  const pages = new Hono();

  pages.get('/:code', (c) => {
    const trade = platform.findByCode(c.req.param('code'));
    if (!trade) return c.html(html`${doctype}${<NoSuchCode />}`, 404);
    platform.scan(trade, {});
    return c.html(html`${doctype}${<TradePage trade={trade} />}`);
  });

  pages.post('/:code/pay', (c) => {
    const trade = platform.findByCode(c.req.param('code'));
    if (!trade) return c.html(html`${doctype}${<NoSuchCode />}`, 404);
    platform.scan(trade, {});
    platform.pay(trade, {});
    // To the page that shows what became of it, so that a reload does not pay again.
    return c.redirect(`../${trade.code}`, 303);
  });

  return pages;
}

function TradePage({ trade }: { trade: Trade }) {
  return (
    <Page title={trade.subject}>
      <p class="subject">{trade.subject}</p>
      <p class="amount">¥{trade.paidAmount ?? trade.totalAmount}</p>
      <p class="order">Order {trade.outTradeNo}</p>
      <NextStep trade={trade} />
    </Page>
  );
}

function NextStep({ trade }: { trade: Trade }) {
  switch (trade.status) {
    case 'TRADE_SUCCESS':
      return <p class="result paid">Paid</p>;
    case 'TRADE_CLOSED':
      return <p class="result">This order is closed. Nothing was paid.</p>;
    case 'CODE_ISSUED':
      return <p class="result">This code has expired. Nothing was paid.</p>;
    case 'WAIT_BUYER_PAY':
      return (
        <form method="post" action={`${trade.code}/pay`}>
          <button type="submit">Pay ¥{trade.totalAmount}</button>
        </form>
      );
  }
}

function NoSuchCode() {
  return (
    <Page title="Unknown code">
      <p class="result">There is no order behind this code.</p>
    </Page>
  );
}

function Page({ title, children }: { title: string; children: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>{`${title} · Alipay simulator`}</title>
        <style>{raw(styles)}</style>
      </head>
      <body>
        <header>Alipay simulator</header>
        <main>{children}</main>
        <footer>A stand-in for tests. No real money moves here.</footer>
      </body>
    </html>
  );
}

const styles = `
:root { color-scheme: light dark; --blue: #1677ff; }
body { margin: 0 auto; max-width: 26rem; min-height: 100dvh; display: grid; grid-template-rows: auto 1fr auto;
  font: 16px/1.5 system-ui, sans-serif; text-align: center; }
header { padding: 1rem; background: var(--blue); color: #fff; font-weight: 600; }
main { padding: 2rem 1.5rem; }
.subject { margin: 0; overflow-wrap: anywhere; }
.amount { margin: .5rem 0; font-size: 2.75rem; font-weight: 700; }
.order { font-size: .875rem; opacity: .65; overflow-wrap: anywhere; }
button { width: 100%; margin-top: 2rem; padding: .9rem; border: 0; border-radius: .6rem; background: var(--blue);
  color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
.result { margin-top: 2rem; font-size: 1.25rem; font-weight: 600; }
.paid::before { content: "✓"; display: block; font-size: 3rem; color: #12a150; }
footer { padding: 1rem; font-size: .8125rem; opacity: .65; }
`;
