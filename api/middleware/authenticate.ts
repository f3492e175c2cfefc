import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { findKeyOwner } from '../../db/queries/merchants.ts';
import type { KeyOwner } from '../../db/queries/merchants.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hashApiKey } from '../keys.ts';
import { createRate } from '../limits/rate.ts';
import { Problem } from '../problems.ts';

// How long a revoked key may still open this process's door.
const keptMs = 5_000;
const keptKeys = 10_000;

/** Finds the merchant of the request's API key. */
export function authenticate({
  db,
  limits,
  addressOf,
}: Pick<ApiDeps, 'db' | 'limits' | 'addressOf'>) {
  const kept = new Map<string, { owner: KeyOwner; untilMs: number }>();

  const failures = createRate({
    name: 'failedKeysPerMinutePerAddress',
    what: 'wrong keys a minute from one address',
    most: limits.failedKeysPerMinutePerAddress,
    perSeconds: 60,
  });

  function knownOwner(keyHash: string | undefined): KeyOwner | undefined {
    const known = keyHash === undefined ? undefined : kept.get(keyHash);
    return known && known.untilMs > Date.now() ? known.owner : undefined;
  }

  async function ownerOf(keyHash: string): Promise<KeyOwner | undefined> {
    const owner = await findKeyOwner(db, { keyHash });
    if (kept.size >= keptKeys) kept.clear();
    if (owner) kept.set(keyHash, { owner, untilMs: Date.now() + keptMs });
    else kept.delete(keyHash);
    return owner;
  }

  /** Asks the database, unless too many keys from there were wrong and this one was never right. */
  async function lookUp(c: Context, keyHash: string | undefined): Promise<KeyOwner | undefined> {
    const address = addressOf(c);
    const wasRight = keyHash !== undefined && kept.has(keyHash);
    if (!wasRight && (await failures.isExceeded(address))) await failures.take(address);
    const owner = keyHash === undefined ? undefined : await ownerOf(keyHash);
    if (!owner) await failures.take(address);
    return owner;
  }

  return createMiddleware<AppEnv>(async (c, next) => {
    const key = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const keyHash = key === undefined ? undefined : hashApiKey(key);
    // A key that is right is let in wherever it comes from: behind one address may be many.
    const owner = knownOwner(keyHash) ?? (await lookUp(c, keyHash));
    if (!owner) {
      throw new Problem('unauthorized', 'The request carries no valid API key.', {
        headers: { 'www-authenticate': 'Bearer realm="tender"' },
      });
    }
    c.set('merchant', owner.merchant);
    c.set('apiKey', {
      merchantId: owner.merchant.id,
      keyId: owner.keyId,
      expiresAt: owner.expiresAt,
    });
    await next();
  });
}
