import { and, eq } from 'drizzle-orm';
import type { AccountId, NotificationId, OrderId } from '../../domain/ids.ts';
import { newId } from '../../domain/ids.ts';
import type { ProviderReport, ReportBinding } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';

export type StoredNotification =
  /** Stored: the order's workflow has to hear of it. */
  | { kind: 'stored'; id: NotificationId; orderId: OrderId }
  /** Stored; authentic, but for no payment of ours: kept for a person to look at. */
  | { kind: 'unmatched'; id: NotificationId }
  | { kind: 'duplicate' };

/** Keeps a verified notification, once per (account, provider's notification id). */
export async function storeNotification(
  db: Database,
  input: {
    accountId: AccountId;
    providerNotificationId: string;
    subject: 'payment' | 'refund';
    binding: ReportBinding;
    report: ProviderReport;
    rawBody: string;
  },
): Promise<StoredNotification> {
  const [payment] = await db
    .select({ id: payments.id, orderId: payments.orderId })
    .from(payments)
    .where(
      and(
        eq(payments.accountId, input.accountId),
        eq(payments.outTradeNo, input.binding.outTradeNo),
      ),
    );
  const id = newId('notification');
  const stored = await db
    .insert(providerNotifications)
    .values({
      ...input,
      id,
      orderId: payment?.orderId ?? null,
      paymentId: payment?.id ?? null,
      ...(!payment && { outcome: 'unmatched' as const, appliedAt: new Date() }),
    })
    .onConflictDoNothing()
    .returning({ id: providerNotifications.id });
  if (stored.length === 0) return { kind: 'duplicate' };
  return payment ? { kind: 'stored', id, orderId: payment.orderId } : { kind: 'unmatched', id };
}
