/**
 * The demo's merchant, in a process of its own: an endpoint such as any merchant writes, which verifies
 * every event with the `standardwebhooks` library before it believes it. `GET /` shows what it was
 * told, `GET /received?orderId=` gives it as JSON.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Webhook } from 'standardwebhooks';

type Told = {
  webhookId: string;
  type: string;
  orderId: string;
  status: string;
  verified: boolean;
  at: string;
};

const { DEMO_PORT, DEMO_FOLDER = '' } = process.env;
const logPath = join(DEMO_FOLDER, 'received.jsonl');
const secretPath = join(DEMO_FOLDER, 'endpoint.json');
mkdirSync(DEMO_FOLDER, { recursive: true });
const told: Told[] = existsSync(logPath) ? readLog() : [];

const app = new Hono();

app.post('/events', async (c) => {
  const rawBody = await c.req.text();
  const headers = c.req.header();
  const { secret } = JSON.parse(readFileSync(secretPath, 'utf8')) as { secret: string };
  try {
    new Webhook(secret).verify(rawBody, headers);
  } catch (error) {
    return c.text(`not believed: ${String(error)}`, 400);
  }
  const event = JSON.parse(rawBody) as { type: string; data: { id: string; status: string } };
  const entry: Told = {
    webhookId: headers['webhook-id'] ?? '',
    type: event.type,
    orderId: event.data.id,
    status: event.data.status,
    verified: true,
    at: new Date().toISOString(),
  };
  // Deliveries are at least once: an event already in the book changes nothing.
  if (told.every(({ webhookId }) => webhookId !== entry.webhookId)) {
    told.push(entry);
    appendFileSync(logPath, `${JSON.stringify(entry)}\n`);
  }
  return c.body(null, 204);
});

app.get('/received', (c) => {
  const orderId = c.req.query('orderId');
  return c.json(told.filter((entry) => orderId === undefined || entry.orderId === orderId));
});

app.get('/', (c) => {
  const rows = told
    .slice(-100)
    .toReversed()
    .map(({ at, type, orderId }) => `<tr><td>${at}</td><td>${type}</td><td>${orderId}</td></tr>`);
  return c.html(
    `<!doctype html><meta charset="utf-8"><title>Demo merchant</title><h1>Demo merchant</h1>
<p>Events received, each with a verified signature:</p><table>${rows.join('')}</table>`,
  );
});

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(DEMO_PORT) }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
});
for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
  process.on(name, () => process.exit(0));

/** A line torn by a kill -9 is passed over: the event comes again. */
function readLog(): Told[] {
  return readFileSync(logPath, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Told];
      } catch {
        return [];
      }
    });
}
