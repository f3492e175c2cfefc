import { createPublicKey, randomInt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Account, Book } from '../kit/book.ts';
import type { RegisteredAccount } from '../kit/console.ts';

/** A merchant's settings in the open platform's console. */
const accountSchema = z.object({
  appId: z.string().min(1).optional(),
  sellerId: z.string().min(1).optional(),
  /** The public key of the application's own key pair. */
  appPublicKey: z.string().refine(isPublicKey, 'not a PEM public key'),
  /** `instant`: refunds succeed at once. `manual`: they stay pending until the console settles them. */
  refunds: z.enum(['instant', 'manual']).default('instant'),
  /** TRADE_CLOSED of an unpaid trade is notified only to applications that enable it. */
  closeNotifications: z.boolean().default(false),
});

export function registerAccount(body: unknown, platformPublicKey: string): RegisteredAccount {
  const fields = accountSchema.parse(body);
  const appId = fields.appId ?? `2021${twelveDigits()}`;
  const sellerId = fields.sellerId ?? `2088${twelveDigits()}`;
  const { appPublicKey, refunds, closeNotifications } = fields;
  return {
    account: appId,
    details: { sellerId, appPublicKey, refunds, closeNotifications: String(closeNotifications) },
    answer: { appId, sellerId, alipayPublicKey: platformPublicKey },
  };
}

/** A registered application. */
export type App = {
  appId: string;
  sellerId: string;
  publicKey: KeyObject;
  hasInstantRefunds: boolean;
  hasCloseNotifications: boolean;
};

/** Caches parsed keys, because parsing a PEM costs four times as much as a verification. */
const parsed = new WeakMap<Account, App>();

export function findApp(book: Book, appId: string): App | undefined {
  const account = book.accounts.get(appId);
  if (!account) return undefined;
  const known = parsed.get(account);
  if (known) return known;
  const { details } = account;
  const app: App = {
    appId,
    sellerId: details['sellerId'] ?? '',
    publicKey: createPublicKey(details['appPublicKey'] ?? ''),
    hasInstantRefunds: details['refunds'] !== 'manual',
    hasCloseNotifications: details['closeNotifications'] === 'true',
  };
  parsed.set(account, app);
  return app;
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function twelveDigits(): string {
  return randomInt(1e12).toString().padStart(12, '0');
}
