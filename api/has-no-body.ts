import type { HonoRequest } from 'hono';

/**
 * True where there is no body to be read (RFC 9112, 6.3). That of a GET is never looked at. By its fields: to look at
 * the body itself makes a whole `Request` of what Node has, which costs more than all else that is done before a route.
 */
export function hasNoBody(request: HonoRequest): boolean {
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') return true;
  const length = request.header('content-length');
  if (length !== undefined) return length === '0';
  return request.header('transfer-encoding') === undefined;
}
