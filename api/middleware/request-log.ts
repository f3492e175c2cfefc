import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';

/** One line a request. Paths of checkout pages and of portal links carry a token and are cut. */
export function requestLog({ logger }: Pick<ApiDeps, 'logger'>) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = performance.now();
    await next();
    if (!logger.isLevelEnabled('debug')) return;
    logger.debug(
      {
        requestId: c.var.requestId,
        method: c.req.method,
        path: c.req.path.replace(/^(\/pay|\/portal\/enter)\/[^/]+/, '$1/…'),
        status: c.res.status,
        durationMs: Math.round(performance.now() - startedMs),
      },
      'request',
    );
  });
}
