import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import { signalOrder } from '../../orchestration/signal-order.ts';
import { crashPoint } from '../../config/crash-points.ts';
import { storeNotification } from '../../db/queries/store-notification.ts';
import { isId } from '../../domain/ids.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { NotificationAck, ProviderEvent } from '../../providers/provider.ts';
import type { ApiDeps, App, AppEnv } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { notFound } from '../problems.ts';

/**
 * The endpoint for providers' notifications. Verifies the raw body by the provider's rules, stores it once,
 * acknowledges it after the commit, and signals the order's workflow.
 */
export function registerProviderNotifications(app: App, deps: ApiDeps) {
  // Every notification of an account may carry the same notice, so each is logged once an hour.
  const loggedNotices = new LRUCache<string, true>({ max: 1_000, ttl: 3_600_000 });
  app.post('/providers/:accountId/notifications', async (c) => {
    const accountId = c.req.param('accountId');
    const provider = isId('account', accountId) ? await deps.providers.find(accountId) : undefined;
    if (!provider || !isId('account', accountId)) throw notFound('provider account', accountId);
    const bytes = Buffer.from(await c.req.arrayBuffer());
    // Repairing the encoding would change the bytes that the provider signed.
    if (!isUtf8(bytes)) {
      deps.logger.warn({ accountId, reason: 'is not UTF-8' }, 'a notification was refused');
      return answer(c, provider.acknowledge('rejected'));
    }
    const rawBody = bytes.toString();
    const parsed = await provider.parseNotification({
      rawBody,
      headers: c.req.header(),
      query: c.req.query(),
    });
    if (parsed.kind === 'rejected') {
      deps.logger.warn({ accountId, reason: parsed.reason }, 'a notification was refused');
      return answer(c, provider.acknowledge('rejected'));
    }
    if (parsed.kind === 'retryLater') {
      deps.logger.warn({ accountId, reason: parsed.reason }, 'a notification must be sent again');
      return answer(c, provider.acknowledge('retryLater'));
    }
    const notice = `${accountId} ${parsed.notice}`;
    if (parsed.notice !== undefined && !loggedNotices.has(notice)) {
      loggedNotices.set(notice, true);
      deps.logger.warn({ event: 'provider.notice', accountId }, parsed.notice);
    }
    for (const event of parsed.events) await receive(deps, { accountId, rawBody, event });
    return answer(c, provider.acknowledge('accepted'));
  });
}

async function receive(
  deps: ApiDeps,
  { accountId, rawBody, event }: { accountId: AccountId; rawBody: string; event: ProviderEvent },
): Promise<void> {
  const { client, taskQueue, logger } = deps;
  const { notificationId: providerNotificationId, binding, news } = event;
  const stored = await storeNotification(deps.db, {
    accountId,
    providerNotificationId,
    binding,
    news,
    rawBody,
  });
  crashPoint('notification.stored');
  if (stored.kind === 'duplicate') return;
  if (stored.kind === 'unmatched') {
    logger.error({ notificationId: stored.id, ...binding }, 'a notification matches no payment');
    return;
  }
  const { id: notificationId, orderId, refundId } = stored;
  // Not awaited: the notification is committed, and the recovery job redelivers a failed signal.
  signalOrder({ client, taskQueue, orderId, refundId, notificationId }).catch(
    leftToRecovery(logger, 'the notification', { notificationId }),
  );
}

function answer(c: Context<AppEnv>, ack: NotificationAck) {
  const headers = { 'content-type': ack.contentType };
  return ack.status === 204 ? c.body(null, 204) : c.body(ack.body, ack.status, headers);
}
