import { createMiddleware } from 'hono/factory';
import { findMerchantByKeyHash } from '../../db/queries/merchants.ts';
import type { Merchant } from '../../db/queries/merchants.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hashApiKey } from '../keys.ts';
import { Problem } from '../problems.ts';

// How long a revoked key may still open this process's door.
const keptMs = 5_000;
const keptKeys = 10_000;

/** Finds the merchant of the request's API key. */
export function authenticate({ db }: Pick<ApiDeps, 'db'>) {
  const kept = new Map<string, { merchant: Merchant; untilMs: number }>();

  async function merchantOf(keyHash: string): Promise<Merchant | undefined> {
    const known = kept.get(keyHash);
    if (known && known.untilMs > Date.now()) return known.merchant;
    const merchant = await findMerchantByKeyHash(db, { keyHash });
    if (kept.size >= keptKeys) kept.clear();
    if (merchant) kept.set(keyHash, { merchant, untilMs: Date.now() + keptMs });
    else kept.delete(keyHash);
    return merchant;
  }

  return createMiddleware<AppEnv>(async (c, next) => {
    const key = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const keyHash = key === undefined ? undefined : hashApiKey(key);
    const merchant = keyHash === undefined ? undefined : await merchantOf(keyHash);
    if (!merchant) {
      throw new Problem('unauthorized', 'The request carries no valid API key.', {
        headers: { 'www-authenticate': 'Bearer realm="tender"' },
      });
    }
    c.set('merchant', merchant);
    await next();
  });
}
