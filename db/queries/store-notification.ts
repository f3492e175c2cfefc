import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import { newId } from '../../domain/ids.ts';
import type { AccountId, NotificationId, OrderId, RefundId } from '../../domain/ids.ts';
import type { ProviderNews, ReportBinding } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import { refunds } from '../schema/refunds.ts';
import { text } from '../placeholders.ts';
import { statement } from '../statement.ts';

export type StoredNotification =
  /** Stored: to be signalled to the workflow of its refund, else of its order. */
  | { kind: 'stored'; id: NotificationId; orderId: OrderId; refundId: RefundId | null }
  /** Stored; authentic, but not for a payment of ours: kept for a person to look at. */
  | { kind: 'unmatched'; id: NotificationId }
  | { kind: 'duplicate' };

const { placeholder } = sql;

const store = statement<
  { order_id: OrderId | null; refund_id: RefundId | null },
  Record<string, unknown>
>(
  'store_notification',
  () => sql`
  insert into ${providerNotifications} (${bare(
    providerNotifications.id,
    providerNotifications.accountId,
    providerNotifications.providerNotificationId,
    providerNotifications.binding,
    providerNotifications.news,
    providerNotifications.rawBody,
    providerNotifications.orderId,
    providerNotifications.paymentId,
    providerNotifications.refundId,
    providerNotifications.outcome,
    providerNotifications.appliedAt,
  )})
  select ${text('id')}, ${text('accountId')}, ${text('providerNotificationId')},
    ${placeholder('binding')}::jsonb, ${placeholder('news')}::jsonb, ${text('rawBody')},
    ${payments.orderId}, ${payments.id}, ${refunds.id},
    case when ${payments.id} is null then 'unmatched' end,
    case when ${payments.id} is null then now() end
  from (select) as this
    left join ${payments} on ${payments.accountId} = ${text('accountId')}
      and (${payments.outTradeNo} = ${text('outTradeNo')}
        or (${text('outTradeNo')} is null and ${payments.providerTradeNo} = ${text('providerTradeNo')}))
    left join ${refunds} on ${refunds.accountId} = ${text('accountId')}
      and ${refunds.refundNo} = ${text('refundNo')}
  on conflict do nothing
  returning order_id, refund_id`,
);

/** Stores a verified notification, once per (account, provider's notification id), in one statement. */
export async function storeNotification(
  db: Database,
  input: {
    accountId: AccountId;
    providerNotificationId: string;
    binding: ReportBinding;
    news: ProviderNews;
    rawBody: string;
  },
): Promise<StoredNotification> {
  const id = newId('notification');
  const { binding, news } = input;
  const [stored] = await store(db, {
    ...input,
    id,
    outTradeNo: binding.outTradeNo,
    providerTradeNo: binding.providerTradeNo ?? null,
    refundNo: news.kind === 'refund' ? news.refundNo : null,
    binding: JSON.stringify(binding),
    news: JSON.stringify(news),
  });
  if (!stored) return { kind: 'duplicate' };
  return stored.order_id
    ? { kind: 'stored', id, orderId: stored.order_id, refundId: stored.refund_id }
    : { kind: 'unmatched', id };
}
