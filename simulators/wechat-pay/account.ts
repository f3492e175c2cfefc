import { createPublicKey, randomInt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Account, Book } from '../kit/book.ts';
import type { RegisteredAccount } from '../kit/console.ts';
import type { PlatformKeys, Verification } from './platform-keys.ts';

/** A merchant's settings in the portal. */
const accountSchema = z.object({
  mchId: z
    .string()
    .regex(/^\d{8,10}$/)
    .optional(),
  appId: z.string().regex(/^wx[0-9a-f]{16}$/),
  /** Serial number and public key of the merchant's own certificate. */
  serialNo: z.string().regex(/^[0-9A-F]{40}$/),
  publicKey: z.string().refine(isPublicKey, 'not a PEM public key'),
  apiV3Key: z.string().refine((key) => Buffer.byteLength(key) === 32, 'not 32 bytes'),
  /** `instant`: refunds succeed after a moment. `manual`: they stay pending until the console settles them. */
  refunds: z.enum(['instant', 'manual']).default('instant'),
  verifiesBy: z.enum(['certificates', 'publicKey']).default('certificates'),
});

export function registerAccount(body: unknown, keys: PlatformKeys): RegisteredAccount {
  const { mchId = `16${randomInt(1e8).toString().padStart(8, '0')}`, ...fields } =
    accountSchema.parse(body);
  return {
    account: mchId,
    details: { mchId, ...fields },
    answer: { mchId, appId: fields.appId, wechatPayPublicKeys: keys.publicKeys() },
  };
}

/** A registered merchant. */
export type Merchant = {
  mchId: string;
  appId: string;
  serialNo: string;
  apiV3Key: string;
  publicKey: KeyObject;
  hasInstantRefunds: boolean;
  verifiesBy: Verification;
};

/** Caches parsed keys, because parsing a PEM costs four times as much as a verification. */
const parsed = new WeakMap<Account, Merchant>();

export function findMerchant(book: Book, mchId: string): Merchant | undefined {
  const account = book.accounts.get(mchId);
  if (!account) return undefined;
  const known = parsed.get(account);
  if (known) return known;
  const detail = (name: string) => account.details[name] ?? '';
  const merchant: Merchant = {
    mchId,
    appId: detail('appId'),
    serialNo: detail('serialNo'),
    apiV3Key: detail('apiV3Key'),
    publicKey: createPublicKey(detail('publicKey')),
    hasInstantRefunds: detail('refunds') !== 'manual',
    verifiesBy: detail('verifiesBy') === 'publicKey' ? 'publicKey' : 'certificates',
  };
  parsed.set(account, merchant);
  return merchant;
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
