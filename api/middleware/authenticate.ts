import { createMiddleware } from 'hono/factory';
import { findKeyOwner } from '../../db/queries/merchants.ts';
import type { KeyOwner } from '../../db/queries/merchants.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hashApiKey } from '../keys.ts';
import { Problem } from '../problems.ts';

// How long a revoked key may still open this process's door.
const keptMs = 5_000;
const keptKeys = 10_000;

/** Finds the merchant of the request's API key. */
export function authenticate({ db }: Pick<ApiDeps, 'db'>) {
  const kept = new Map<string, { owner: KeyOwner; untilMs: number }>();

  async function ownerOf(keyHash: string): Promise<KeyOwner | undefined> {
    const known = kept.get(keyHash);
    if (known && known.untilMs > Date.now()) return known.owner;
    const owner = await findKeyOwner(db, { keyHash });
    if (kept.size >= keptKeys) kept.clear();
    if (owner) kept.set(keyHash, { owner, untilMs: Date.now() + keptMs });
    else kept.delete(keyHash);
    return owner;
  }

  return createMiddleware<AppEnv>(async (c, next) => {
    const key = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const keyHash = key === undefined ? undefined : hashApiKey(key);
    const owner = keyHash === undefined ? undefined : await ownerOf(keyHash);
    if (!owner) {
      throw new Problem('unauthorized', 'The request carries no valid API key.', {
        headers: { 'www-authenticate': 'Bearer realm="tender"' },
      });
    }
    c.set('merchant', owner.merchant);
    c.set('apiKeyId', owner.keyId);
    await next();
  });
}
