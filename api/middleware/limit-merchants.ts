import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createConcurrency } from '../limits/concurrency.ts';
import { createRate } from '../limits/rate.ts';

/** Requests with a key: so many a second for each key, so many at once, those that wait included, for each merchant. */
export function limitMerchants({ limits }: Pick<ApiDeps, 'limits'>) {
  const rate = createRate({
    name: 'requestsPerSecondPerKey',
    what: 'requests a second with one key',
    most: limits.requestsPerSecondPerKey,
    perSeconds: 1,
  });
  const atOnce = createConcurrency({
    name: 'concurrentRequestsPerMerchant',
    what: 'requests of one merchant at once, those that wait included',
    most: limits.concurrentRequestsPerMerchant,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    const fields = await rate.take(c.var.apiKey.keyId);
    const leave = atOnce.enter(c.var.merchant.id);
    // Before the answer is made: to open it again costs more than all of this.
    for (const [name, value] of Object.entries(fields)) c.header(name, value);
    try {
      await next();
    } finally {
      leave();
    }
  });
}
