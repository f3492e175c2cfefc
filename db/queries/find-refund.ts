import { and, eq } from 'drizzle-orm';
import type { MerchantId, RefundId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { refunds } from '../schema/refunds.ts';
import type { RefundRow } from './read-order.ts';

/** One refund of one merchant; undefined if the merchant has no such refund. */
export async function findRefund(
  db: Database,
  { merchantId, refundId }: { merchantId: MerchantId; refundId: RefundId },
): Promise<RefundRow | undefined> {
  const [refund] = await db
    .select()
    .from(refunds)
    .where(and(eq(refunds.id, refundId), eq(refunds.merchantId, merchantId)));
  return refund;
}

/** True if a refund is still to be executed. */
export async function isRefundPending(
  db: Database,
  { refundId }: { refundId: RefundId },
): Promise<boolean> {
  const [refund] = await db
    .select({ status: refunds.status })
    .from(refunds)
    .where(eq(refunds.id, refundId));
  return refund?.status === 'pending';
}

/** A refund by an id from our own rows. Throws if it does not exist. */
export async function readRefund(
  db: Database,
  { refundId }: { refundId: RefundId },
): Promise<RefundRow> {
  const [refund] = await db.select().from(refunds).where(eq(refunds.id, refundId));
  if (!refund) throw new Error(`refund ${refundId} does not exist`);
  return refund;
}

/** A refund by its merchant's own number. */
export async function findRefundByNumber(
  db: Database,
  { merchantId, merchantRefundNo }: { merchantId: MerchantId; merchantRefundNo: string },
): Promise<RefundRow | undefined> {
  const [refund] = await db
    .select()
    .from(refunds)
    .where(and(eq(refunds.merchantId, merchantId), eq(refunds.merchantRefundNo, merchantRefundNo)));
  return refund;
}
