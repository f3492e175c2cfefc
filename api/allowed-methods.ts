import type { App } from './deps.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of a path for the `Allow` header; empty if no route has the path. */
export function allowedMethods(app: App, path: string): string[] {
  const routed = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method !== 'ALL'),
  );
  if (routed.length === 0) return [];
  return [...routed, ...(routed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
}
