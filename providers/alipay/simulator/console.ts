import { createPublicKey } from 'node:crypto';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Book, Trade } from './book.ts';
import { faultsSchema } from './faults.ts';
import type { FaultScript } from './faults.ts';
import type { Ledger } from './journal.ts';
import type { Notifier } from './notifier.ts';
import type { Platform, Verdict } from './platform.ts';

export type ConsoleParts = {
  ledger: Ledger;
  platform: Platform;
  notifier: Notifier;
  faults: FaultScript;
  platformPublicKey: string;
};

const appSchema = z.object({
  appId: z.string().min(1),
  sellerId: z.string().min(1),
  appPublicKey: z.string().refine(isPublicKey, 'not a PEM public key'),
});
/** The app may be left out where only one app has the number. */
const tradeSchema = z.object({ appId: z.string().optional() });
const payerSchema = tradeSchema.extend({ buyerId: z.string().optional() });
const paymentSchema = payerSchema.extend({
  paidAmount: z
    .string()
    .regex(/^\d+\.\d\d$/)
    .optional(),
});

/** The open platform's console, and a hand in the machinery for tests. */
export function createConsole({
  ledger,
  platform,
  notifier,
  faults,
  platformPublicKey,
}: ConsoleParts): Hono {
  const { book } = ledger;
  const routes = new Hono();

  routes.onError((error, c) => {
    if (error instanceof z.ZodError) return c.json({ error: z.prettifyError(error) }, 400);
    if (error instanceof SyntaxError) return c.json({ error: 'not JSON' }, 400);
    if (error instanceof NoSuchTrade) return c.json({ error: 'no such trade' }, 404);
    throw error;
  });

  function requireTrade(c: Context, appId: string | undefined): Trade {
    const outTradeNo = c.req.param('outTradeNo') ?? '';
    const trade = platform.find({ appId: appId ?? soleAppOf(book, outTradeNo), outTradeNo });
    if (!trade) throw new NoSuchTrade();
    return trade;
  }

  routes.post('/apps', async (c) => {
    ledger.record([{ type: 'appRegistered', app: appSchema.parse(await readJson(c)) }]);
    return c.json({ alipayPublicKey: platformPublicKey });
  });

  routes.get('/trades/:outTradeNo', (c) => c.json(view(requireTrade(c, c.req.query('appId')))));

  routes.post('/trades/:outTradeNo/scan', async (c) => {
    const payer = payerSchema.parse(await readJson(c));
    return answer(c, platform.scan(requireTrade(c, payer.appId), payer));
  });

  routes.post('/trades/:outTradeNo/pay', async (c) => {
    const payment = paymentSchema.parse(await readJson(c));
    const scanned = platform.scan(requireTrade(c, payment.appId), payment);
    return answer(c, 'refusal' in scanned ? scanned : platform.pay(scanned.trade, payment));
  });

  routes.post('/notifications/:outTradeNo/resend', async (c) => {
    const { appId } = tradeSchema.parse(await readJson(c));
    const trade = requireTrade(c, appId);
    await Promise.all(trade.notifications.map((notification) => notifier.resend(notification)));
    return c.json(view(trade));
  });

  routes.get('/book', (c) => {
    const appId = c.req.query('appId');
    const trades = [...book.trades.values()].filter(
      (trade) => (appId ?? trade.appId) === trade.appId,
    );
    return c.json({ trades: trades.map((trade) => view(platform.find(trade) ?? trade)) });
  });

  routes.post('/faults', async (c) => {
    faults.add(faultsSchema.parse(await readJson(c)));
    return c.body(null, 204);
  });

  routes.delete('/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  return routes;
}

class NoSuchTrade extends Error {
  override readonly name = 'NoSuchTrade';
}

/** An empty body is an empty object, so that the plain `curl -X POST` works. */
async function readJson(c: Context): Promise<unknown> {
  return JSON.parse((await c.req.text()) || '{}');
}

function answer(c: Context, verdict: Verdict): Response {
  return 'refusal' in verdict
    ? c.json({ error: `ACQ.${verdict.refusal}` }, 409)
    : c.json(view(verdict.trade));
}

function soleAppOf(book: Book, outTradeNo: string): string {
  const appIds = [...book.apps.keys()].filter((appId) => book.trades.has(`${appId}/${outTradeNo}`));
  return appIds.length === 1 ? (appIds[0] ?? '') : '';
}

/** The trade as tests see it: times in ISO 8601, the terms as they were sent left out. */
function view(trade: Trade) {
  const {
    terms: _terms,
    atMs,
    expiresAtMs,
    scannedAtMs,
    paidAtMs,
    closedAtMs,
    notifications,
    ...rest
  } = trade;
  return {
    ...rest,
    issuedAt: iso(atMs),
    expiresAt: iso(expiresAtMs),
    scannedAt: iso(scannedAtMs),
    paidAt: iso(paidAtMs),
    closedAt: iso(closedAtMs),
    notifications: notifications.map(({ notifyId, url, end, attempts }) => ({
      notifyId,
      url,
      end: end ?? 'pending',
      attempts: attempts.map(({ atMs, ...attempt }) => ({ at: iso(atMs), ...attempt })),
    })),
  };
}

/** What `GET /console/book` lists and `POST …/pay` returns. */
export type TradeView = ReturnType<typeof view>;

function iso(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
