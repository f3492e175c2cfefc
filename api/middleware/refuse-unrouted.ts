import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { allowedMethods } from '../allowed-methods.ts';
import type { App, AppEnv } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/**
 * Refuses requests without a route before their body is read: 405 with `Allow` if another method exists (RFC 9110,
 * 15.5.6), 404 if none does, 400 for a query that is not percent-encoded UTF-8. Answers OPTIONS with the methods.
 */
export function refuseUnrouted(app: App) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { url } = c.req;
    if (url.includes('%')) refuseMisencodedQuery(url);
    if (matchedRoutes(c).some(({ method }) => method !== 'ALL')) return next();
    const methods = allowedMethods(app, c.req.path);
    if (methods.length === 0) throw notFound('path', c.req.path);
    const allow = methods.join(', ');
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
    throw new Problem('method-not-allowed', `This path does not support ${c.req.method}.`, {
      headers: { allow },
    });
  });
}

/**
 * Refuses a query that cannot be decoded; it would otherwise be used undecoded. Path parameters have their own
 * patterns.
 */
function refuseMisencodedQuery(url: string): void {
  const query = url.indexOf('?');
  if (query < 0) return;
  for (const pair of url.slice(query + 1).split('&')) {
    if (isDecodable(pair)) continue;
    const [name = ''] = pair.split('=');
    const field = isDecodable(name) ? decodeURIComponent(name) : name;
    throw refuseFields([{ in: 'query', field, message: 'is not percent-encoded UTF-8' }]);
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
