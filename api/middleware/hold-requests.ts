import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';

type Hold = { signal: AbortSignal; isKeyEnded(): boolean; release(): void };

/**
 * Gives every request `c.var.endOfWait()`: aborted when its caller leaves, when the process is asked to stop, or when
 * its key ends. Whoever waits then answers with what is known; a reader whose key has ended gets nothing.
 */
export function holdRequests({ stopping, keys }: Pick<ApiDeps, 'stopping' | 'keys'>) {
  function openHold(c: Context<AppEnv>): Hold {
    const end = new AbortController();
    const abort = () => end.abort();
    const caller = c.req.raw.signal;
    let isKeyEnded = false;
    const stopWatching = keys.watch(c.var.apiKey, () => {
      isKeyEnded = true;
      abort();
    });
    for (const signal of [caller, stopping]) {
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort);
    }
    return {
      signal: end.signal,
      isKeyEnded: () => isKeyEnded,
      release: () => {
        stopWatching();
        for (const signal of [caller, stopping]) signal.removeEventListener('abort', abort);
      },
    };
  }

  return createMiddleware<AppEnv>(async (c, next) => {
    let hold: Hold | undefined;
    c.set('endOfWait', () => (hold ??= openHold(c)).signal);
    try {
      await next();
    } finally {
      hold?.release();
    }
    // What was asked for while the key was good stays done, and is answered for.
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isRead || !hold?.isKeyEnded()) return;
    // As if there had been no answer yet.
    c.res = undefined;
    c.finalized = false;
    c.header('etag', undefined);
    throw new Problem('unauthorized', 'The API key was revoked or has expired meanwhile.', {
      headers: { 'www-authenticate': 'Bearer realm="tender"' },
    });
  });
}
