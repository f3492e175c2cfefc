import { html, raw } from 'hono/html';
import { formatMoney } from '../../domain/money.ts';

export type ShopOrder = {
  id: string;
  merchantOrderNo: string;
  status: string;
  amountMinor: number;
  currency: string;
  capturedMinor: number;
  refundedMinor: number;
  checkoutUrl: string;
  payments: { method: string; status: string; surplus: string | null }[];
  refunds: { amountMinor: number; status: string }[];
};

export type ShopEvent = { at: string; type: string; orderId: string };

/** The demo shop's page: a product, the orders with payments and refunds, and the received events. */
export function shopPage({ orders, received }: { orders: ShopOrder[]; received: ShopEvent[] }) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Demo shop</title>
        <link rel="icon" href="data:," />
        <style>
          ${raw(css)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>Demo shop</h1>
            <form method="post" action="/buy">
              <button class="buy">Buy a cup of tea, CNY 12.50</button>
            </form>
          </header>
          <section>
            <h2>Orders</h2>
            <table>
              <thead>
                <tr>
                  <th>Order</th>
                  <th>Amount</th>
                  <th>Status</th>
                  <th>Payments</th>
                  <th>Refunds</th>
                  <th></th>
                </tr>
              </thead>
              <tbody>
                ${orders.map(orderRow)}
              </tbody>
            </table>
          </section>
          <section>
            <h2>Events received, each with a verified signature</h2>
            <table>
              <tbody>
                ${received.map(
                  ({ at, type, orderId }) =>
                    html`<tr>
                      <td>${at.slice(11, 19)}</td>
                      <td>${type}</td>
                      <td class="id">${orderId}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </section>
        </main>
      </body>
    </html>`;
}

function orderRow(order: ShopOrder) {
  const { currency } = order;
  const leftMinor = order.capturedMinor - order.refundedMinor;
  return html`<tr>
    <td><a href="${order.checkoutUrl}">${order.merchantOrderNo}</a></td>
    <td class="money">${formatMoney(order)}</td>
    <td><span class="status ${order.status}">${order.status.replace('_', ' ')}</span></td>
    <td>
      ${order.payments.map(
        ({ method, status, surplus }) =>
          html`<div>${method} · ${status}${surplus ? ` (${surplus})` : ''}</div>`,
      )}
    </td>
    <td>
      ${order.refunds.map(
        ({ amountMinor, status }) =>
          html`<div>${formatMoney({ amountMinor, currency })} · ${status}</div>`,
      )}
    </td>
    <td>
      ${
        leftMinor > 0
          ? html`<form method="post" action="/refund">
              <input type="hidden" name="orderId" value="${order.id}" />
              <button name="amountMinor" value="${Math.min(100, leftMinor)}">Refund 1.00</button>
              <button>Refund the rest</button>
            </form>`
          : ''
      }
    </td>
  </tr>`;
}

const css = `
:root { color-scheme: light dark; --line: #8884; --soft: #888; --accent: #1b5fd9; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; } section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; } .money { font-variant-numeric: tabular-nums; white-space: nowrap; }
.id { font-family: ui-monospace, monospace; font-size: .85rem; } .status { padding: .1rem .55rem; border-radius: 999px; border: 1px solid var(--line); white-space: nowrap; }
.paid, .partially_refunded { border-color: #0a7f4f; color: #0a7f4f; } .failed, .review { border-color: #b3261e; color: #b3261e; }
button { font: inherit; padding: .25rem .7rem; border: 1px solid var(--line); border-radius: 999px; background: none; cursor: pointer; white-space: nowrap; }
.buy { background: var(--accent); color: #fff; border: 0; padding: .6rem 1.2rem; font-weight: 600; }
`;
