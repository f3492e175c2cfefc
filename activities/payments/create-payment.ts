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
 * Opens the order's payment at its provider and stores what the payer has to do. A definite refusal moves on to the
 * next account; an unknown outcome never does. Idempotent: the payment's number is stored before the call, and the
 * provider opens one payment per number.
 */
export async function createPayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  for (;;) {
    const read = await readOrder(deps.db, { orderId });
    const payment = currentPayment(read);
    // Already opened by an attempt whose answer was lost, or decided by an early notification.
    if (payment.status !== 'created' || isEnded(read.order.status)) return progressOf(read);
    const askedAt = new Date();
    const answer = await openAtProvider(deps, read, payment);
    crashPoint('payment.created-at-provider');
    switch (answer.kind) {
      case 'created':
        return storeNextAction(deps, read, payment, { ...answer, askedAt });
      case 'declined': {
        if (answer.isOurMistake) logOurMistake(deps, payment, answer);
        const ended = await refuse(deps, { read, payment, code: answer.code });
        if (ended) return ended;
        break;
      }
      case 'invalidState': {
        // The number exists there in another state: query it.
        const report = await askProvider(deps, payment);
        if (report.status !== 'absent') {
          return applyReport(deps, {
            orderId,
            paymentId: payment.id,
            report,
            closeReason: 'closed_by_provider',
          });
        }
        // Refused, and no payment exists there: treated as a refusal.
        logOurMistake(deps, payment, answer);
        const ended = await refuse(deps, { read, payment, code: answer.code });
        if (ended) return ended;
        break;
      }
      case 'unreached': {
        // Certainly not executed. Without another account, the workflow's policy retries.
        const route = await nextRoute(deps, read);
        if (!route) throw answer.fault;
        await replaceAccount(deps, read, payment, { code: answer.fault.code, route });
      }
    }
  }
}

/** Moves on to the next account; returns the order's progress if there is none left. */
async function refuse(
  deps: ActivityDeps,
  { read, payment, code }: { read: OrderRead; payment: PaymentRow; code: string },
): Promise<OrderProgress | undefined> {
  const route = await nextRoute(deps, read);
  const progress = await replaceAccount(deps, read, payment, { code, route });
  return isEnded(progress.status) || progress.status === 'review' ? progress : undefined;
}

/** Logs a request that is wrong by our fault, or by payer data that cannot be checked beforehand. */
function logOurMistake(
  { logger }: ActivityDeps,
  { accountId, id: paymentId }: PaymentRow,
  { code, message }: { code: string; message: string },
): void {
  logger.error(
    { accountId, paymentId, code, message },
    'the provider refuses the request as invalid',
  );
}

type Opened = CreatePaymentResult | { kind: 'unreached'; fault: ProviderFault };

/**
 * Opens the payment, or requests its code or address again under the same number; the provider has one payment per
 * number.
 */
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
    // Our keys were refused: nothing was executed and no retry helps. Logs an error and tries another account.
    const { code, message } = error;
    deps.logger.error(
      { accountId, code, message },
      'the provider refuses our account: check its keys and permissions',
    );
    return { kind: 'declined', code, message };
  }
}

type CreatedPayment = Extract<CreatePaymentResult, { kind: 'created' }> & { askedAt: Date };

/** Until when the payer can use the code or address; null if it lives as long as the order. */
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
function storeNextAction(
  deps: ActivityDeps,
  first: OrderRead,
  { id }: PaymentRow,
  { nextAction, providerRef, askedAt }: CreatedPayment,
): Promise<OrderProgress> {
  return commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide: (read) => {
      const payment = paymentOf(read, id);
      const isUndecided = payment.status === 'created' && !isEnded(read.order.status);
      if (isUndecided) {
        const handleExpiresAt = handleEndOf(read, payment, askedAt);
        const patch = { status: 'pending' as const, nextAction, providerRef, handleExpiresAt };
        return { order: {}, payment: { id, patch }, event: null };
      }
      // Closed meanwhile: the provider's handle is stored, because later queries need it.
      const isNews = payment.providerRef === null && providerRef !== null;
      return isNews
        ? { order: {}, payment: { id, patch: { providerRef } }, event: null }
        : undefined;
    },
  });
}

/** Replaces a refused attempt by one at the next usable account; without one the order fails. */
async function replaceAccount(
  deps: ActivityDeps,
  first: OrderRead,
  { id }: PaymentRow,
  { code, route }: { code: string; route: Route | undefined },
): Promise<OrderProgress> {
  const decide = (read: OrderRead): Change | undefined => {
    const payment = paymentOf(read, id);
    // A concurrent attempt may have opened the payment; then it must not be given up.
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
  // A method that the payer has switched to goes before the order's own preference.
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
