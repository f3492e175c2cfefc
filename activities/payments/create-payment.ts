import { crashPoint } from '../../config/crash-points.ts';
import { decideOnRefusal, isEnded } from '../../domain/order.ts';
import type { OrderId } from '../../domain/ids.ts';
import { isOpen } from '../../domain/payment.ts';
import type { NextAction } from '../../domain/payment.ts';
import { readPayment } from '../../db/queries/read-payment.ts';
import type { PaymentRead } from '../../db/queries/read-payment.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { CreatePaymentResult } from '../../providers/provider.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { commitDecision } from './commit-decision.ts';
import { queryPayment } from './query-payment.ts';

/**
 * Opens the payment at its provider and stores what the payer has to do. Repeating it is safe: the
 * payment's number was stored with the order, and the provider answers the same number the same.
 */
export async function createPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const { db, providers, publicUrl } = deps;
  const first = await readPayment(db, { orderId });
  const { order, payment } = first;
  // Opened by an attempt whose answer was lost, or decided by an early notification.
  if (payment.status !== 'created') return { status: order.status };
  const provider = await providers.get(payment.accountId);
  const answer = await provider
    .createPayment({
      outTradeNo: payment.outTradeNo,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      subject: order.subject,
      expiresAt: order.expiresAt.toISOString(),
      notifyUrl: `${publicUrl}/providers/${payment.accountId}/notifications`,
    })
    .catch((error: unknown) => asRefusal(deps, error));
  crashPoint('payment.created-at-provider');
  switch (answer.kind) {
    case 'created':
      return offerPayment(deps, { first, nextAction: answer.nextAction });
    case 'declined':
      return failPayment(deps, { first, failureCode: answer.code });
    case 'invalidState':
      // The number is known there in another state: what became of it is the provider's to say.
      return queryPayment(deps, { orderId });
  }
}

/** With our own keys refused nothing was executed and no retry helps: the order fails at once, loudly. */
function asRefusal({ logger }: ActivityDeps, error: unknown): CreatePaymentResult {
  if (!(error instanceof ProviderFault) || error.kind !== 'misconfigured') throw error;
  logger.error({ code: error.code, message: error.message }, 'the provider refuses our account');
  return { kind: 'declined', code: error.code, message: error.message };
}

/** Stores what the payer has to do next, unless an early notification decided the payment meanwhile. */
function offerPayment(
  { db }: ActivityDeps,
  { first, nextAction }: { first: PaymentRead; nextAction: NextAction },
): Promise<OrderProgress> {
  return commitDecision(db, {
    first,
    read: () => readPayment(db, { orderId: first.order.id }),
    decide: ({ order, payment }) =>
      isOpen(payment.status) && !isEnded(order.status)
        ? { order: {}, payment: { status: 'pending', nextAction }, event: null }
        : undefined,
  });
}

function failPayment(
  { db }: ActivityDeps,
  { first, failureCode }: { first: PaymentRead; failureCode: string },
): Promise<OrderProgress> {
  return commitDecision(db, {
    first,
    read: () => readPayment(db, { orderId: first.order.id }),
    decide: ({ order, payment }) => {
      const decided = decideOnRefusal(order);
      if (decided.kind === 'none' || !isOpen(payment.status)) return undefined;
      const { status, event } = decided;
      return {
        order: { status, failureCode, closedAt: new Date() },
        payment: { status: 'failed', failureCode },
        event,
      };
    },
  });
}
