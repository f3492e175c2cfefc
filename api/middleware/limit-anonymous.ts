import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createConcurrency } from '../limits/concurrency.ts';
import { createRate } from '../limits/rate.ts';

type Deps = Pick<ApiDeps, 'limits' | 'addressOf'>;

/** Limits concurrent requests without a key per address, however slowly their bodies arrive. */
export function limitOpenRequests({ limits, addressOf }: Deps) {
  const atOnce = createConcurrency({
    name: 'concurrentRequestsPerAddress',
    what: 'concurrent requests without a key from one address',
    max: limits.concurrentRequestsPerAddress,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    const leave = atOnce.enter(addressOf(c));
    try {
      await next();
    } finally {
      leave();
    }
  });
}

/** Limits requests per second and address for pages and key sets, which query the database. */
export function limitPageRate({ limits, addressOf }: Deps) {
  const rate = createRate({
    name: 'pageRequestsPerSecondPerAddress',
    what: 'page requests per second from one address',
    max: limits.pageRequestsPerSecondPerAddress,
    perSeconds: 1,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    await rate.take(addressOf(c));
    await next();
  });
}
