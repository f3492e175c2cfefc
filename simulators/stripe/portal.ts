import { Hono } from 'hono';
import { z } from 'zod';
import type { Account } from '../kit/book.ts';
import { ConsoleError, readJson } from '../kit/console.ts';
import type { RegisteredAccount } from '../kit/console.ts';
import type { Ledger } from '../kit/journal.ts';
import { viewPayment } from '../kit/view.ts';
import type { Platform } from '../kit/platform.ts';
import { metadataOf } from './api-objects.ts';
import { newId } from './ids.ts';
import { secretsOf } from './signing.ts';

const accountSchema = z.object({
  webhookUrl: z.url().optional(),
  mode: z.enum(['live', 'test']).default('test'),
});

/** Registers an account with its keys; the webhook endpoint can be set later. */
export function registerAccount(
  body: unknown,
  { sameDayStatements }: { sameDayStatements: boolean },
): RegisteredAccount {
  const { webhookUrl, mode } = accountSchema.parse(body);
  const account = newId('acct_1', 16);
  const secretKey = newId(`sk_${mode}_51`);
  const publishableKey = newId(`pk_${mode}_51`);
  const webhookSecret = newId('whsec_', 32);
  return {
    account,
    details: {
      mode,
      secretKey,
      publishableKey,
      webhookSecrets: webhookSecret,
      ...(webhookUrl && { webhookUrl }),
    },
    answer: { mode, secretKey, publishableKey, webhookSecret, sameDayStatements },
  };
}

const webhookSchema = z.object({ url: z.url() });
const styleSchema = z.object({
  style: z.enum(['snapshot', 'thin']).optional(),
  /** `pending` leaves refunds for the console to settle or bounce. */
  refunds: z.enum(['immediate', 'pending']).optional(),
});
const copySchema = z.object({ account: z.string() });
const rotateSchema = z.object({ account: z.string().optional() });

/** The routes of Stripe's Dashboard in addition to the shared console. */
export function createPortal(ledger: Ledger, platform: Platform): Hono {
  const portal = new Hono();

  portal.onError((error, c) => {
    if (error instanceof z.ZodError) return c.json({ error: z.prettifyError(error) }, 400);
    if (error instanceof SyntaxError) return c.json({ error: 'not JSON' }, 400);
    if (error instanceof ConsoleError) return c.json({ error: error.message }, error.status);
    throw error;
  });

  function change({ account, details }: Account, changes: Record<string, string>): void {
    const changed = { account, details: { ...details, ...changes } };
    ledger.record([{ type: 'accountRegistered', account: changed }]);
  }

  portal.post('/accounts/:account/webhook', async (c) => {
    const { url } = webhookSchema.parse(await readJson(c));
    change(requireAccount(ledger, c.req.param('account')), { webhookUrl: url });
    return c.body(null, 204);
  });

  portal.post('/accounts/:account/style', async (c) => {
    const { style, refunds } = styleSchema.parse(await readJson(c));
    change(requireAccount(ledger, c.req.param('account')), {
      ...(style && { style }),
      ...(refunds && { refunds }),
    });
    return c.body(null, 204);
  });

  /** Creates another PaymentIntent with the metadata of the first, like a payment repeated by hand. */
  portal.post('/payments/:outTradeNo/copy', async (c) => {
    const { account } = copySchema.parse(await readJson(c));
    const first = platform.find({ account, outTradeNo: c.req.param('outTradeNo') });
    if (!first) throw new ConsoleError(404, 'no such payment');
    const id = newId('pi_3', 22);
    const verdict = platform.open({
      account,
      outTradeNo: id,
      providerTradeNo: id,
      terms: id,
      method: 'payment_intent',
      amountMinor: first.amountMinor,
      currency: first.currency,
      subject: first.subject,
      capture: first.capture,
      expiresAtMs: first.expiresAtMs,
      openedAtMs: Date.now(),
      details: {
        metadata: JSON.stringify(metadataOf(first)),
        livemode: String(first.details['livemode']),
        clientSecret: `${id}_secret_${newId('', 25)}`,
        copyOf: first.outTradeNo,
      },
    });
    if ('refusal' in verdict) throw new ConsoleError(409, verdict.refusal);
    return c.json(viewPayment(verdict.payment));
  });

  /** Rotates the webhook secret. The previous secret also signs; the one before it ends. */
  portal.post('/rotate', async (c) => {
    const { account: requested } = rotateSchema.parse(await readJson(c));
    const account = requireAccount(ledger, requested);
    const webhookSecret = newId('whsec_', 32);
    const [newest] = secretsOf(account.details);
    change(account, { webhookSecrets: [webhookSecret, newest].join(',') });
    return c.json({ account: account.account, webhookSecret });
  });

  return portal;
}

/** Finds an account; the id may be omitted if there is only one. */
function requireAccount({ book }: Ledger, requested: string | undefined): Account {
  const accounts = [...book.accounts.values()];
  const account =
    requested === undefined && accounts.length === 1
      ? accounts[0]
      : accounts.find(({ account }) => account === requested);
  if (!account) throw new ConsoleError(404, 'no such account');
  return account;
}
