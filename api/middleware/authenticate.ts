import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { findKeyOwner } from '../../db/queries/merchants.ts';
import type { KeyOwner } from '../../db/queries/merchants.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hashApiKey } from '../keys.ts';
import { createRate } from '../limits/rate.ts';
import { Problem } from '../problems.ts';

// How long a key may be taken for what it was, where nobody says otherwise.
const keptMs = 5_000;
const keptKeys = 10_000;

/** Finds the merchant of the request's API key. */
export function authenticate({
  db,
  changes,
  limits,
  addressOf,
}: Pick<ApiDeps, 'db' | 'changes' | 'limits' | 'addressOf'>) {
  type Kept = { owner: KeyOwner; untilMs: number; stopHearing: () => void };
  const kept = new Map<string, Kept>();

  /** A revoked key is forgotten as soon as the database says so. */
  function forget(keyHash: string): void {
    kept.get(keyHash)?.stopHearing();
    kept.delete(keyHash);
  }

  const failures = createRate({
    name: 'failedKeysPerMinutePerAddress',
    what: 'wrong keys a minute from one address',
    most: limits.failedKeysPerMinutePerAddress,
    perSeconds: 60,
  });

  function knownOwner(keyHash: string | undefined): KeyOwner | undefined {
    const known = keyHash === undefined ? undefined : kept.get(keyHash);
    if (!known || known.untilMs <= Date.now()) return undefined;
    const { expiresAt } = known.owner;
    return expiresAt && expiresAt.getTime() <= Date.now() ? undefined : known.owner;
  }

  async function ownerOf(keyHash: string): Promise<KeyOwner | undefined> {
    const owner = await findKeyOwner(db, { keyHash });
    if (kept.size >= keptKeys) for (const known of kept.keys()) forget(known);
    if (!owner) {
      forget(keyHash);
      return undefined;
    }
    const stopHearing =
      kept.get(keyHash)?.stopHearing ??
      changes.subscribe('tender_keys', owner.keyId, () => forget(keyHash));
    kept.set(keyHash, { owner, untilMs: Date.now() + keptMs, stopHearing });
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
