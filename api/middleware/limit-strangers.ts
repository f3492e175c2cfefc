import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { createConcurrency } from '../limits/concurrency.ts';
import { createRate } from '../limits/rate.ts';

type Deps = Pick<ApiDeps, 'limits' | 'addressOf'>;

/** Requests without a key: so many at once from one address, however slowly their bodies come. */
export function limitOpenRequests({ limits, addressOf }: Deps) {
  const atOnce = createConcurrency({
    name: 'concurrentRequestsPerAddress',
    what: 'requests without a key at once from one address',
    most: limits.concurrentRequestsPerAddress,
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

/** Pages and key sets, for which the database is asked: so many a second from one address. */
export function limitPageRate({ limits, addressOf }: Deps) {
  const rate = createRate({
    name: 'pageRequestsPerSecondPerAddress',
    what: 'requests for pages a second from one address',
    most: limits.pageRequestsPerSecondPerAddress,
    perSeconds: 1,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    await rate.take(addressOf(c));
    await next();
  });
}
