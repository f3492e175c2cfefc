import { crashPoint } from '../../config/crash-points.ts';
import { decideOnRefusal, isEnded } from '../../domain/order.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Route } from '../../domain/routing.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import { currentPayment, paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import { methods } from '../../providers/registry.ts';
import type { CreatePaymentResult } from '../../providers/provider.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider, callProvider } from '../../services/payments/ask-provider.ts';
import { noCommands } from '../../services/payments/change-of-report.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';
import { newPayment } from '../../services/payments/new-payment.ts';
import { findRoutes } from '../../services/payments/route-payment.ts';

/**
 * Opens the order's payment at its provider and stores what the payer has to do. A definite no moves
 * on to the next account; an unknown outcome never does. Repeating it is safe: the payment's number
 * was stored before, and the provider answers the same number the same.
 */
export async function createPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  for (;;) {
    const read = await readOrder(deps.db, { orderId });
    const payment = currentPayment(read);
    // Opened by an attempt whose answer was lost, or decided by an early notification.
    if (payment.status !== 'created' || isEnded(read.order.status)) return progressOf(read);
    const askedAt = new Date();
    const answer = await openAtProvider(deps, read, payment);
    crashPoint('payment.created-at-provider');
    switch (answer.kind) {
      case 'created':
        return offerPayment(deps, read, payment, { ...answer, askedAt });
      case 'declined': {
        if (answer.isOurMistake) sayOurMistake(deps, payment, answer);
        const ended = await refuse(deps, { read, payment, code: answer.code });
        if (ended) return ended;
        break;
      }
      case 'invalidState': {
        // The number is known there in another state: what became of it is the provider's to say.
        const report = await askProvider(deps, payment);
        if (report.status !== 'absent') {
          return applyReport(deps, {
            orderId,
            paymentId: payment.id,
            report,
            closeReason: 'closed_by_provider',
          });
        }
        // Refused, and nothing is known of it: a no like any other.
        sayOurMistake(deps, payment, answer);
        const ended = await refuse(deps, { read, payment, code: answer.code });
        if (ended) return ended;
        break;
      }
      case 'unreached': {
        // Surely not executed. With nowhere else to go, patience; the workflow's policy has it.
        const route = await nextRoute(deps, read);
        if (!route) throw answer.fault;
        await moveOn(deps, read, payment, { code: answer.fault.code, route });
      }
    }
  }
}

/** Moves on to the next account; answers where the order stands if there is none left. */
async function refuse(
  deps: ActivityDeps,
  { read, payment, code }: { read: OrderRead; payment: PaymentRow; code: string },
): Promise<OrderProgress | undefined> {
  const route = await nextRoute(deps, read);
  const progress = await moveOn(deps, read, payment, { code, route });
  return isEnded(progress.status) || progress.status === 'review' ? progress : undefined;
}

/** What was built wrong here, or is a payer's word that nobody can check before. */
function sayOurMistake(
  { logger }: ActivityDeps,
  { accountId, id: paymentId }: PaymentRow,
  { code, message }: { code: string; message: string },
): void {
  logger.error({ accountId, paymentId, code, message }, 'the provider refuses how it was asked');
}

type Opened = CreatePaymentResult | { kind: 'unreached'; fault: ProviderFault };

/** Opens it, or asks again under the same number for what the payer needs: the provider has one payment of it. */
export async function openAtProvider(
  deps: ActivityDeps,
  read: OrderRead,
  payment: PaymentRow,
): Promise<Opened> {
  const { order } = read;
  const { outTradeNo, method, amountMinor, currency, accountId } = payment;
  const { subject, capture, payer, checkoutToken } = order;
  try {
    return await callProvider(deps, payment, (provider) =>
      provider.createPayment({
        outTradeNo,
        method,
        amountMinor,
        currency,
        subject,
        capture,
        payer,
        expiresAt: order.expiresAt.toISOString(),
        notifyUrl: `${deps.publicUrl}/providers/${accountId}/notifications`,
        returnUrl: `${deps.publicUrl}/pay/${checkoutToken}`,
      }),
    );
  } catch (error) {
    if (!(error instanceof ProviderFault)) throw error;
    if (error.kind === 'retryable') return { kind: 'unreached', fault: error };
    if (error.kind !== 'misconfigured') throw error;
    // With our own keys refused nothing was executed and no retry helps: another account, and loudly.
    const { code, message } = error;
    deps.logger.error({ accountId, code, message }, 'the provider refuses our account');
    return { kind: 'declined', code, message };
  }
}

type Offer = Extract<CreatePaymentResult, { kind: 'created' }> & { askedAt: Date };

/** Until when the payer can use what was asked for then; null where it lives as long as the order. */
export function handleEndOf(
  { order }: OrderRead,
  { method }: PaymentRow,
  askedAt: Date,
): Date | null {
  const { handleSeconds } = methods[method] ?? {};
  if (handleSeconds === undefined) return null;
  const end = new Date(askedAt.getTime() + handleSeconds * 1_000);
  return end < order.expiresAt ? end : null;
}

/** Stores what the payer has to do next, unless an early notification decided the payment meanwhile. */
function offerPayment(
  deps: ActivityDeps,
  first: OrderRead,
  { id }: PaymentRow,
  { nextAction, providerRef, askedAt }: Offer,
): Promise<OrderProgress> {
  return commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide: (read) => {
      const payment = paymentOf(read, id);
      const isOffered = payment.status === 'created' && !isEnded(read.order.status);
      if (isOffered) {
        const handleExpiresAt = handleEndOf(read, payment, askedAt);
        const patch = { status: 'pending' as const, nextAction, providerRef, handleExpiresAt };
        return { order: {}, payment: { id, patch }, event: null };
      }
      // Closed meanwhile: the handle is kept, because the provider is asked by it.
      const isNews = payment.providerRef === null && providerRef !== null;
      return isNews
        ? { order: {}, payment: { id, patch: { providerRef } }, event: null }
        : undefined;
    },
  });
}

/** Puts the next fitting account in the place of one that said no; with none left the order has failed. */
async function moveOn(
  deps: ActivityDeps,
  first: OrderRead,
  { id }: PaymentRow,
  { code, route }: { code: string; route: Route | undefined },
): Promise<OrderProgress> {
  const decide = (read: OrderRead): Change | undefined => {
    const payment = paymentOf(read, id);
    // Of two attempts at once the other may have offered it: then it is no longer ours to give up.
    if (payment.status !== 'created') return undefined;
    const failed = { id, patch: { status: 'failed' as const, failureCode: code } };
    if (route && read.order.status === 'pending') {
      const next = newPayment(read, route);
      const event = { type: 'order.payment_switched' as const, about: next.id };
      return { order: {}, payment: failed, newPayment: next, event };
    }
    const refused = decideOnRefusal(read.order);
    if (refused.kind !== 'failed') return { order: {}, payment: failed, event: null };
    return {
      order: { ...noCommands, status: refused.status, failureCode: code, closedAt: new Date() },
      payment: failed,
      event: { type: refused.event, about: id },
    };
  };
  return commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide,
  });
}

async function nextRoute(deps: ActivityDeps, read: OrderRead): Promise<Route | undefined> {
  const { order, payments } = read;
  // A method the payer has switched to goes first, whatever the order's own preference.
  const wanted = [currentPayment(read).method, ...order.methods];
  const routes = await findRoutes(deps, {
    ...order,
    methods: [...new Set(wanted)],
    tried: [currentPayment(read), ...payments.filter(({ status }) => status === 'failed')].map(
      ({ accountId }) => accountId,
    ),
  });
  return routes.find(({ verdict }) => verdict === 'fits');
}
