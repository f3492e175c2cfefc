import { Hono } from 'hono';
import type { Context } from 'hono';
import { z } from 'zod';
import { findDispute, findRefund } from './book.ts';
import type { Book, Payment, Refund } from './book.ts';
import type { BookEvent } from './events.ts';
import { faultsSchema } from './faults.ts';
import type { FaultKind, FaultScript } from './faults.ts';
import type { Ledger } from './journal.ts';
import { balancesOf } from './movements.ts';
import type { Notifier } from './notifier.ts';
import type { Dialect, Platform } from './platform.ts';
import type { RefusalName } from './rules.ts';
import { seedEvents, seedSchema } from './seed.ts';
import { viewPayment } from './view.ts';

export type ConsoleParts = {
  ledger: Ledger;
  platform: Platform;
  notifier: Notifier;
  faults: FaultScript;
  dialect: Dialect;
  /** Kinds of fault that do not apply to this provider. */
  unfitFaults: readonly FaultKind[];
  /** Registers an account as in the provider's portal. A ZodError becomes a 400. */
  registerAccount(body: unknown): RegisteredAccount | Promise<RegisteredAccount>;
  /** The payment method of seeded payments. */
  seedMethod: string;
};

export type RegisteredAccount = {
  account: string;
  details: Record<string, string>;
  /** The response's fields in addition to `account`. */
  answer: Record<string, unknown>;
};

/** The account may be omitted if only one account has the number. */
const accountSchema = z.object({ account: z.string().optional() });
const amountSchema = z.int().positive();
const payerSchema = accountSchema.extend({
  paidMinor: amountSchema.optional(),
  force: z.boolean().optional(),
  at: z.iso.datetime({ offset: true }).optional(),
});
const refundSchema = accountSchema.extend({ amountMinor: amountSchema });
const disputeSchema = accountSchema.extend({
  amountMinor: amountSchema.optional(),
  reason: z.string().default('fraudulent'),
  isInquiry: z.boolean().default(false),
});
const outcomeSchema = z.object({ won: z.boolean() });
const moveSchema = z.object({ to: z.enum(['inquiryClosed', 'open', 'won', 'lost']) });

/** An error response of the console. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly status: 400 | 404 | 409;

  constructor(status: 400 | 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

/** The provider's portal plus controls for tests; the same for every provider. */
export function createConsole(parts: ConsoleParts): Hono {
  const { ledger, platform, notifier, faults, dialect } = parts;
  const { book } = ledger;
  const routes = new Hono();

  routes.onError((error, c) => {
    if (error instanceof z.ZodError) return c.json({ error: z.prettifyError(error) }, 400);
    if (error instanceof SyntaxError) return c.json({ error: 'not JSON' }, 400);
    if (error instanceof ConsoleError) return c.json({ error: error.message }, error.status);
    throw error;
  });

  const requirePayment = (c: Context, account: string | undefined): Payment =>
    platform.refresh(
      singleOf(paymentsOf(book, c.req.param('outTradeNo') ?? '', account), 'payment'),
    );

  routes.post('/accounts', async (c) => {
    const { account, details, answer } = await parts.registerAccount(await readJson(c));
    ledger.record([{ type: 'accountRegistered', account: { account, details } }]);
    return c.json({ account, ...answer });
  });

  routes.get('/book', (c) => {
    const account = c.req.query('account');
    const payments = [...book.payments.values()].filter(
      (payment) => (account ?? payment.account) === payment.account,
    );
    return c.json({ payments: payments.map((payment) => viewPayment(platform.refresh(payment))) });
  });

  routes.get('/balance', (c) =>
    c.json({ balances: balancesOf(book, c.req.query('account') ?? '') }),
  );

  routes.get('/payments/:outTradeNo', (c) =>
    c.json(viewPayment(requirePayment(c, c.req.query('account')))),
  );

  routes.post('/payments/:outTradeNo/pay', async (c) => {
    const { account, at, ...act } = payerSchema.parse(await readJson(c));
    const atMs = at === undefined ? undefined : Date.parse(at);
    return answer(c, platform.pay(requirePayment(c, account), act, atMs));
  });

  /** Expires the payer's code or URL at once. */
  routes.post('/payments/:outTradeNo/endHandle', async (c) => {
    const { account } = accountSchema.parse(await readJson(c));
    const payment = requirePayment(c, account);
    platform.addDetails(payment, { handleUntilMs: String(Date.now()) });
    return c.json(viewPayment(payment));
  });

  routes.post('/payments/:outTradeNo/close', async (c) => {
    const { account } = accountSchema.parse(await readJson(c));
    return answer(c, platform.close(requirePayment(c, account)));
  });

  routes.post('/payments/:outTradeNo/refund', async (c) => {
    const { account, amountMinor } = refundSchema.parse(await readJson(c));
    return answer(c, platform.externalRefund(requirePayment(c, account), amountMinor));
  });

  routes.post('/payments/:outTradeNo/dispute', async (c) => {
    if (!dialect.newDisputeNo) throw new ConsoleError(404, 'this provider has no disputes');
    const { account, amountMinor, ...rest } = disputeSchema.parse(await readJson(c));
    const payment = requirePayment(c, account);
    const dispute = { amountMinor: amountMinor ?? payment.capturedMinor, ...rest };
    return answer(c, platform.openDispute(payment, dispute));
  });

  routes.post('/disputes/:disputeNo/close', async (c) => {
    const found = findDispute(book, c.req.param('disputeNo'));
    if (!found) throw new ConsoleError(404, 'no such dispute');
    const { won } = outcomeSchema.parse(await readJson(c));
    return answer(c, platform.moveDispute(found.payment, found.dispute, won ? 'won' : 'lost'));
  });

  routes.post('/disputes/:disputeNo/move', async (c) => {
    const found = findDispute(book, c.req.param('disputeNo'));
    if (!found) throw new ConsoleError(404, 'no such dispute');
    const { to } = moveSchema.parse(await readJson(c));
    return answer(c, platform.moveDispute(found.payment, found.dispute, to));
  });

  const decideRefund = {
    settle: platform.settleRefund,
    bounce: platform.bounceRefund,
    close: platform.closeRefund,
  };
  for (const [verb, decide] of Object.entries(decideRefund)) {
    routes.post(`/refunds/:refundNo/${verb}`, async (c) => {
      const { account } = accountSchema.parse(await readJson(c));
      const found = singleOf(refundsOf(book, c.req.param('refundNo'), account), 'refund');
      return answer(c, decide(found.payment, found.refund));
    });
  }

  routes.post('/notifications/:outTradeNo/resend', async (c) => {
    const { account } = accountSchema.parse(await readJson(c));
    const payment = requirePayment(c, account);
    await Promise.all(payment.notifications.map((notification) => notifier.resend(notification)));
    return c.json(viewPayment(payment));
  });

  routes.get('/faults', (c) => c.json({ faults: faults.list() }));

  routes.post('/faults', async (c) => {
    faults.add(faultsSchema(parts.unfitFaults).parse(await readJson(c)));
    return c.body(null, 204);
  });

  routes.delete('/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  routes.post('/seed', async (c) => {
    const seed = seedSchema.parse(await readJson(c));
    if (!book.accounts.has(seed.account)) throw new ConsoleError(404, 'no such account');
    const existing = seed.payments.find(({ outTradeNo }) =>
      book.payments.has(`${seed.account}/${outTradeNo}`),
    );
    if (existing) throw new ConsoleError(409, `${existing.outTradeNo} exists already`);
    const events: BookEvent[] = seedEvents(seed, { dialect, method: parts.seedMethod });
    ledger.record(events);
    return c.json({ payments: seed.payments.length });
  });

  return routes;
}

/** Parses the body; an empty one is an empty object, so that `curl -X POST` works. */
export async function readJson(c: Context): Promise<unknown> {
  return JSON.parse((await c.req.text()) || '{}');
}

function answer(c: Context, verdict: { payment: Payment } | { refusal: RefusalName }): Response {
  if ('refusal' in verdict) throw new ConsoleError(409, verdict.refusal);
  return c.json(viewPayment(verdict.payment));
}

function paymentsOf(book: Book, outTradeNo: string, account: string | undefined): Payment[] {
  const accounts = account === undefined ? [...book.accounts.keys()] : [account];
  return accounts.flatMap((account) => book.payments.get(`${account}/${outTradeNo}`) ?? []);
}

function refundsOf(book: Book, refundNo: string, account: string | undefined) {
  const accounts = account === undefined ? [...book.accounts.keys()] : [account];
  return accounts.flatMap(
    (account): { payment: Payment; refund: Refund }[] | { payment: Payment; refund: Refund } =>
      findRefund(book, { account, refundNo }) ?? [],
  );
}

function singleOf<Found>(found: Found[], kind: string): Found {
  const [only, ...others] = found;
  if (!only) throw new ConsoleError(404, `no such ${kind}`);
  if (others.length > 0) throw new ConsoleError(409, `several accounts have this ${kind}`);
  return only;
}
