import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { LRUCache } from 'lru-cache';
import { findKeyOwner } from '../../db/queries/merchants.ts';
import type { KeyOwner } from '../../db/queries/merchants.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hashApiKey } from '../keys.ts';
import { createRate } from '../limits/rate.ts';
import { Problem } from '../problems.ts';

// How long a lookup is cached; a revocation invalidates it at once.
const cachedForMs = 5_000;
const maxCachedKeys = 10_000;

/** Finds the merchant of the request's API key. */
export function authenticate({
  db,
  changes,
  limits,
  addressOf,
}: Pick<ApiDeps, 'db' | 'changes' | 'limits' | 'addressOf'>) {
  type CachedOwner = { owner: KeyOwner; untilMs: number; unsubscribe: () => void };
  const cache = new LRUCache<string, CachedOwner>({
    max: maxCachedKeys,
    dispose: ({ unsubscribe }) => unsubscribe(),
    noDisposeOnSet: true,
  });

  const failures = createRate({
    name: 'failedKeysPerMinutePerAddress',
    what: 'wrong keys a minute from one address',
    max: limits.failedKeysPerMinutePerAddress,
    perSeconds: 60,
  });

  function knownOwner(keyHash: string | undefined): KeyOwner | undefined {
    const known = keyHash === undefined ? undefined : cache.get(keyHash);
    if (!known || known.untilMs <= Date.now()) return undefined;
    const { expiresAt } = known.owner;
    return expiresAt && expiresAt.getTime() <= Date.now() ? undefined : known.owner;
  }

  async function ownerOf(keyHash: string): Promise<KeyOwner | undefined> {
    const owner = await findKeyOwner(db, { keyHash });
    if (!owner) {
      cache.delete(keyHash);
      return undefined;
    }
    const unsubscribe =
      cache.get(keyHash)?.unsubscribe ??
      // A notification of its revocation removes a key from the cache.
      changes.subscribe('tender_keys', owner.keyId, () => cache.delete(keyHash));
    cache.set(keyHash, { owner, untilMs: Date.now() + cachedForMs, unsubscribe });
    return owner;
  }

  /** Queries the database, unless the address sent too many wrong keys and this key was never valid. */
  async function lookUp(c: Context, keyHash: string | undefined): Promise<KeyOwner | undefined> {
    const address = addressOf(c);
    const wasValid = keyHash !== undefined && cache.has(keyHash);
    if (!wasValid && (await failures.isExceeded(address))) await failures.take(address);
    const owner = keyHash === undefined ? undefined : await ownerOf(keyHash);
    if (!owner) await failures.take(address);
    return owner;
  }

  return createMiddleware<AppEnv>(async (c, next) => {
    const key = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const keyHash = key === undefined ? undefined : hashApiKey(key);
    // A valid key passes from every address, because many clients may share one.
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
