import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { allowedMethods } from '../allowed-methods.ts';
import type { App, AppEnv } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/**
 * What no route takes is refused before its body is read: 405 with `Allow` where another method would be taken
 * (RFC 9110, 15.5.6), 404 where none would, 400 for a query that is not percent-encoded UTF-8. OPTIONS is
 * answered with the methods.
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
    throw new Problem('method-not-allowed', `There is no ${c.req.method} at this path.`, {
      headers: { allow },
    });
  });
}

/** Undecoded, it would be taken for what it spells. What stands in a path is refused by its own pattern. */
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
