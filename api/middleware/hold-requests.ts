import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';

type Hold = { signal: AbortSignal; isKeyEnded(): boolean; release(): void };

/**
 * Gives every request `c.var.endOfWait()`: a signal that aborts when the caller leaves, the process stops, or the API
 * key ends. Waiting handlers then respond with the current state; a GET whose key has ended gets 401.
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
    // A write that was accepted with a valid key keeps its response.
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isRead || !hold?.isKeyEnded()) return;
    // Discards the response.
    c.res = undefined;
    c.finalized = false;
    c.header('etag', undefined);
    throw new Problem('unauthorized', 'The API key was revoked or expired during the request.', {
      headers: { 'www-authenticate': 'Bearer realm="tender"' },
    });
  });
}
