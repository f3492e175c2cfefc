import type { HonoRequest } from 'hono';

/** True for the route that publishes events: it allows larger bodies and formats other than JSON. */
export function takesEvents({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path === '/v1/events';
}
