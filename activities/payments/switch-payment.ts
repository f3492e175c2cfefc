import { isEnded } from '../../domain/order.ts';
import type { OrderId } from '../../domain/ids.ts';
import { isOpen } from '../../domain/payment.ts';
import { currentPayment, paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { commandsAfter } from '../../services/payments/change-of-report.ts';
import { closeAtProvider } from '../../services/payments/close-at-provider.ts';
import { exhaustedCode } from '../../services/payments/exhausted-code.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';
import { newPayment } from '../../services/payments/new-payment.ts';
import { findRoutes } from '../../services/payments/route-payment.ts';
import { renewHandle } from './renew-handle.ts';

/**
 * Replaces the current attempt by one with the requested method, after closing it at its provider. If it turns out to
 * be paid, it stays and nothing is switched. For the current method, a new code or address is requested instead.
 */
export async function switchPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const first = await readOrder(deps.db, { orderId });
  const { order } = first;
  const method = order.switchRequestedTo;
  if (method === null || order.status !== 'pending') return progressOf(first);
  const current = currentPayment(first);
  if (current.method === method && current.status === 'created') {
    // The attempt is about to be opened, which fulfils the command.
    return dropCommand(deps, { orderId, method });
  }
  if (current.method === method && current.status === 'pending') {
    const renewed = await renewHandle(deps, { read: first, payment: current });
    if (renewed.kind === 'renewed') return renewed.progress;
    if (renewed.kind === 'refused') {
      return dropCommand(deps, { orderId, method, code: renewed.code });
    }
  }
  const routes = await findRoutes(deps, { ...order, methods: [method] });
  const route = routes.find(({ verdict }) => verdict === 'fits');
  const open = first.payments.filter(({ status }) => isOpen(status));
  if (route) {
    for (const payment of open) {
      const report = await closeAtProvider(deps, payment).catch((error: unknown) => {
        const code = exhaustedCode(error, { since: order.commandedAt ?? new Date() });
        if (code === undefined) throw error;
        return { code };
      });
      if ('code' in report) return dropCommand(deps, { orderId, method, code: report.code });
      if (report.status === 'closed') continue;
      return applyReport(deps, {
        orderId,
        paymentId: payment.id,
        report,
        closeReason: 'closed_by_provider',
      });
    }
  }
  return commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId }),
    decide: (read) => {
      if (isEnded(read.order.status) || read.order.switchRequestedTo !== method) return undefined;
      const commandDone = commandsAfter(read.order, 'switchRequestedTo');
      if (!route) return { order: commandDone, event: null };
      const next = newPayment(read, route);
      const left = open.map(({ id }) => paymentOf(read, id)).find(({ status }) => isOpen(status));
      return {
        order: commandDone,
        // More than one is open only after a crash between two steps; the next poll closes the others.
        payment: left && { id: left.id, patch: { status: 'closed' } },
        newPayment: next,
        event: { type: 'order.payment_switched', about: next.id },
      };
    },
  });
}

/**
 * Drops the command and keeps the current attempt; with a code if the provider does not close it, because two attempts
 * must not be open at once.
 */
function dropCommand(
  deps: ActivityDeps,
  { orderId, method, code }: { orderId: OrderId; method: string; code?: string },
): Promise<OrderProgress> {
  return commitDecision(deps, {
    read: () => readOrder(deps.db, { orderId }),
    decide: ({ order }) =>
      order.switchRequestedTo === method
        ? {
            order: {
              ...commandsAfter(order, 'switchRequestedTo'),
              ...(code !== undefined && { failureCode: code }),
            },
            event: null,
          }
        : undefined,
  });
}
