import type { HonoRequest } from 'hono';

/** True where there is no body to be read. That of a GET is never looked at. */
export function hasNoBody({ method, raw }: HonoRequest): boolean {
  return method === 'GET' || method === 'HEAD' || raw.body === null;
}
