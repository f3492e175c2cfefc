import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { shownPath } from '../shown-path.ts';

/** Logs one line per request at debug level. Tokens and keys in the path are masked. */
export function requestLog({ logger }: Pick<ApiDeps, 'logger'>) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = performance.now();
    await next();
    if (!logger.isLevelEnabled('debug')) return;
    logger.debug(
      {
        requestId: c.var.requestId,
        method: c.req.method,
        path: shownPath(c.req),
        status: c.res.status,
        durationMs: Math.round(performance.now() - startedMs),
      },
      'request',
    );
  });
}
