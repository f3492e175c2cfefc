import { newId } from '../../domain/ids.ts';
import type { MerchantId, OrderId, RefundId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import { withOrderLocked } from '../../db/locked.ts';
import { commitLocked } from '../../db/queries/commit-locked.ts';
import { readOrder, refundOf } from '../../db/queries/read-order.ts';
import type { RefundRow } from '../../db/queries/read-order.ts';
import { auditEntries } from '../../db/schema/audit.ts';
import { refundPosting } from './change-of-refund.ts';

export type CloseRefundResult =
  | { kind: 'closed' }
  | { kind: 'notStuck'; status: RefundRow['status'] };

/**
 * Closes a refund that a person has dealt with because the provider neither executes nor refuses it, or could not
 * execute it. It becomes `failed` and releases its amount. If the provider executes it later, that is booked as usual.
 */
export function closeRefund(
  db: Database,
  input: {
    orderId: OrderId;
    refundId: RefundId;
    merchantId: MerchantId;
    actor: string;
    note: string;
  },
): Promise<CloseRefundResult> {
  const { orderId, refundId, merchantId, actor, note } = input;
  return withOrderLocked(db, { orderId }, async (locked) => {
    const read = await readOrder(locked, { orderId });
    const refund = refundOf(read, refundId);
    const { status, failureCode } = refund;
    const isStuck = status === 'needs_attention' || (status === 'pending' && failureCode !== null);
    if (!isStuck) return { kind: 'notStuck', status };
    await commitLocked(locked, {
      read,
      change: {
        order: {},
        refund: { id: refundId, patch: { status: 'failed' } },
        ledger: refundPosting(read, refund, 'failed'),
        event: { type: 'refund.failed', about: refundId },
      },
    });
    await locked.insert(auditEntries).values({
      id: newId('audit'),
      merchantId,
      actor,
      resourceId: refundId,
      action: 'refund.close',
      details: { note, failureCode },
    });
    return { kind: 'closed' };
  });
}
