import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createConcurrency } from '../limits/concurrency.ts';
import { createRate } from '../limits/rate.ts';

/**
 * Limits requests with a key: requests per second of each key, and concurrent requests, waiting ones included, of each
 * merchant.
 */
export function limitMerchants({ limits }: Pick<ApiDeps, 'limits'>) {
  const rate = createRate({
    name: 'requestsPerSecondPerKey',
    what: 'requests per second with one key',
    max: limits.requestsPerSecondPerKey,
    perSeconds: 1,
  });
  const atOnce = createConcurrency({
    name: 'concurrentRequestsPerMerchant',
    what: 'concurrent requests of one merchant, waiting ones included',
    max: limits.concurrentRequestsPerMerchant,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    const fields = await rate.take(c.var.apiKey.keyId);
    const leave = atOnce.enter(c.var.merchant.id);
    // Set before the response is built, because changing it afterwards is expensive.
    for (const [name, value] of Object.entries(fields)) c.header(name, value);
    try {
      await next();
    } finally {
      leave();
    }
  });
}
