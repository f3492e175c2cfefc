/**
 * The demo merchant in its own process: a shop like any merchant's. It creates and refunds orders over
 * Tender's API, and verifies every event with the `standardwebhooks` library. `GET /` is the shop,
 * `GET /received?orderId=` lists the events it received, as JSON.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Webhook } from 'standardwebhooks';
import { callApi } from './call-api.ts';
import { shopPage } from './shop-page.ts';
import type { ShopOrder } from './shop-page.ts';

type ReceivedEvent = {
  webhookId: string;
  type: string;
  orderId: string;
  status: string;
  verified: boolean;
  at: string;
};

const { DEMO_PORT, DEMO_FOLDER = '' } = process.env;
const logPath = join(DEMO_FOLDER, 'received.jsonl');
mkdirSync(DEMO_FOLDER, { recursive: true });
const received: ReceivedEvent[] = existsSync(logPath) ? readLog() : [];
const readDemoFile = <T>(name: string) =>
  JSON.parse(readFileSync(join(DEMO_FOLDER, name), 'utf8')) as T;
// `npm start` writes both files before it starts the platform.
const api = <T>(path: string, body?: unknown) =>
  callApi<T>({
    url: `${readDemoFile<{ apiUrl: string }>('addresses.json').apiUrl}${path}`,
    key: readDemoFile<{ key: string }>('merchant.json').key,
    ...(body !== undefined && { body }),
  });

const app = new Hono();

app.post('/events', async (c) => {
  const rawBody = await c.req.text();
  const headers = c.req.header();
  const { secret } = readDemoFile<{ secret: string }>('endpoint.json');
  try {
    new Webhook(secret).verify(rawBody, headers);
  } catch (error) {
    return c.text(`The signature is not valid: ${String(error)}`, 400);
  }
  const event = JSON.parse(rawBody) as { type: string; data: { id: string; status: string } };
  const entry: ReceivedEvent = {
    webhookId: headers['webhook-id'] ?? '',
    type: event.type,
    orderId: event.data.id,
    status: event.data.status,
    verified: true,
    at: new Date().toISOString(),
  };
  // Delivery is at least once, so an event that is already logged is skipped.
  if (received.every(({ webhookId }) => webhookId !== entry.webhookId)) {
    received.push(entry);
    appendFileSync(logPath, `${JSON.stringify(entry)}\n`);
  }
  return c.body(null, 204);
});

app.get('/received', (c) => {
  const orderId = c.req.query('orderId');
  return c.json(received.filter((entry) => orderId === undefined || entry.orderId === orderId));
});

app.post('/buy', async (c) => {
  const { body } = await api<{ checkoutUrl: string }>('/v1/orders', {
    merchantOrderNo: `SHOP-${Date.now()}`,
    amountMinor: 1250,
    currency: 'CNY',
    subject: 'One cup of tea',
    returnUrl: new URL('/', c.req.url).href,
  });
  return c.redirect(body.checkoutUrl, 303);
});

app.post('/refund', async (c) => {
  const form = new URLSearchParams(await c.req.text());
  const amountMinor = form.get('amountMinor');
  await api(`/v1/orders/${form.get('orderId') ?? ''}/refunds`, {
    merchantRefundNo: `SHOP-R-${Date.now()}`,
    ...(amountMinor && { amountMinor: Number(amountMinor) }),
    reason: 'Requested in the demo shop',
  });
  return c.redirect('/', 303);
});

app.get('/', async (c) => {
  const { body } = await api<{ data: ShopOrder[] }>('/v1/orders?limit=30');
  return c.html(shopPage({ orders: body.data, received: received.slice(-20).toReversed() }));
});

app.onError((error, c) => c.text(`The shop's request failed: ${error.message}`, 502));

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(DEMO_PORT) }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
});
for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
  process.on(name, () => process.exit(0));

/** A line cut short by a kill -9 is skipped: its event is delivered again. */
function readLog(): ReceivedEvent[] {
  return readFileSync(logPath, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as ReceivedEvent];
      } catch {
        return [];
      }
    });
}
