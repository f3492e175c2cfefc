import type { HonoRequest } from 'hono';

/** True for the one request that takes large bodies, and events in other formats than JSON. */
export function takesEvents({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path === '/v1/events';
}
