import type { HonoRequest } from 'hono';

/** True for the route that creates orders: it writes each order together with its Idempotency-Key. */
export function takesOrders({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path === '/v1/orders';
}
