import { asc, inArray } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { disputes, refunds } from '../schema/refunds.ts';

/** Refunds and disputes of orders, oldest first. Only paid orders have any, so pass no others. */
export function readAfterPaid(db: Database, orderIds: OrderId[]) {
  if (orderIds.length === 0) return Promise.resolve([[], []] satisfies [[], []]);
  return Promise.all([
    db.select().from(refunds).where(inArray(refunds.orderId, orderIds)).orderBy(asc(refunds.id)),
    db.select().from(disputes).where(inArray(disputes.orderId, orderIds)).orderBy(asc(disputes.id)),
  ]);
}
