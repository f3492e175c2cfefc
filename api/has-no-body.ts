import type { HonoRequest } from 'hono';

/**
 * True if the request has no body (RFC 9112, 6.3); the body of a GET is ignored. Decides by headers, because reading
 * the body builds a whole `Request`, which costs more than all other work before a route.
 */
export function hasNoBody(request: HonoRequest): boolean {
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') return true;
  const length = request.header('content-length');
  if (length !== undefined) return length === '0';
  return request.header('transfer-encoding') === undefined;
}
