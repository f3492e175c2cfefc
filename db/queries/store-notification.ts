import { sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { AccountId, NotificationId, OrderId } from '../../domain/ids.ts';
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

/** Keeps a verified notification, once per (account, provider's notification id), in one statement. */
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
  const id = newId('notification');
  const { rows } = await db.execute<{ order_id: OrderId | null }>(sql`
    insert into ${providerNotifications} (id, account_id, provider_notification_id, subject, binding,
      report, raw_body, order_id, payment_id, outcome, applied_at)
    select ${id}, ${input.accountId}, ${input.providerNotificationId}, ${input.subject},
      ${JSON.stringify(input.binding)}::jsonb, ${JSON.stringify(input.report)}::jsonb, ${input.rawBody},
      ${payments.orderId}, ${payments.id},
      case when ${payments.id} is null then 'unmatched' end,
      case when ${payments.id} is null then now() end
    from (select) as this left join ${payments}
      on ${payments.accountId} = ${input.accountId} and ${payments.outTradeNo} = ${input.binding.outTradeNo}
    on conflict do nothing
    returning order_id`);
  const [stored] = rows;
  if (!stored) return { kind: 'duplicate' };
  return stored.order_id
    ? { kind: 'stored', id, orderId: stored.order_id }
    : { kind: 'unmatched', id };
}
