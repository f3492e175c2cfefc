import type { z } from '@hono/zod-openapi';
import type { OrderView } from '../../db/queries/find-order.ts';
import type { orderSchema } from '../schemas.ts';

/** An order as the API returns it: the snapshot and the payer's next action. */
export function orderBody(view: OrderView, publicUrl: string): z.infer<typeof orderSchema> {
  return {
    ...view.snapshot,
    checkoutUrl: `${publicUrl}/pay/${view.checkoutToken}`,
    nextAction: view.nextAction,
    nextActionExpiresAt: view.nextActionExpiresAt?.toISOString() ?? null,
  };
}

/** The order's version as an entity tag (RFC 9110, 8.8.3). */
export function etagOf(view: OrderView): string {
  return `"${view.snapshot.version}"`;
}
