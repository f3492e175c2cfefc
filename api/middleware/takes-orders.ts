import type { HonoRequest } from 'hono';

/** True for the one request that opens orders, each written together with its Idempotency-Key. */
export function takesOrders({ method, path }: Pick<HonoRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && path === '/v1/orders';
}
