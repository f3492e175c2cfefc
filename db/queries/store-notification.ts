import { sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { AccountId, NotificationId, OrderId } from '../../domain/ids.ts';
import type { ProviderReport, ReportBinding } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import { statement } from '../statement.ts';

export type StoredNotification =
  /** Stored: the order's workflow has to hear of it. */
  | { kind: 'stored'; id: NotificationId; orderId: OrderId }
  /** Stored; authentic, but for no payment of ours: kept for a person to look at. */
  | { kind: 'unmatched'; id: NotificationId }
  | { kind: 'duplicate' };

const { placeholder } = sql;

const store = statement<{ order_id: OrderId | null }, Record<string, unknown>>(
  'store_notification',
  () => sql`
  insert into ${providerNotifications} (id, account_id, provider_notification_id, subject, binding,
    report, raw_body, order_id, payment_id, outcome, applied_at)
  select ${placeholder('id')}::text, ${placeholder('accountId')}::text,
    ${placeholder('providerNotificationId')}::text, ${placeholder('subject')}::text,
    ${placeholder('binding')}::jsonb, ${placeholder('report')}::jsonb, ${placeholder('rawBody')}::text,
    ${payments.orderId}, ${payments.id},
    case when ${payments.id} is null then 'unmatched' end,
    case when ${payments.id} is null then now() end
  from (select) as this left join ${payments}
    on ${payments.accountId} = ${placeholder('accountId')}::text
    and ${payments.outTradeNo} = ${placeholder('outTradeNo')}::text
  on conflict do nothing
  returning order_id`,
);

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
  const [stored] = await store(db, {
    ...input,
    id,
    outTradeNo: input.binding.outTradeNo,
    binding: JSON.stringify(input.binding),
    report: JSON.stringify(input.report),
  });
  if (!stored) return { kind: 'duplicate' };
  return stored.order_id
    ? { kind: 'stored', id, orderId: stored.order_id }
    : { kind: 'unmatched', id };
}
