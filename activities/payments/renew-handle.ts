import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import { commitDecision } from '../../services/payments/commit-decision.ts';
import { commandsAfter } from '../../services/payments/change-of-report.ts';
import type { ActivityDeps } from '../deps.ts';
import { handleEndOf, openAtProvider } from './create-payment.ts';

export type Renewed =
  | { kind: 'renewed'; progress: OrderProgress }
  /** The provider issues no new code or address for this payment; the present one stays. */
  | { kind: 'refused'; code: string }
  /** The provider has the payment in another state, which has to be queried. */
  | { kind: 'invalidState' };

/**
 * Requests a new code or address for an open payment, as after its expiry. It uses the same number, so nothing can be
 * paid twice; a provider whose code is still valid may return the same one.
 */
export async function renewHandle(
  deps: ActivityDeps,
  { read: first, payment: stale }: { read: OrderRead; payment: PaymentRow },
): Promise<Renewed> {
  const askedAt = new Date();
  const answer = await openAtProvider(deps, first, stale);
  if (answer.kind === 'unreached') throw answer.fault;
  if (answer.kind === 'invalidState') return { kind: 'invalidState' };
  if (answer.kind === 'declined') return { kind: 'refused', code: answer.code };
  const { nextAction, providerRef } = answer;
  const progress = await commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide: (read) => {
      const payment = paymentOf(read, stale.id);
      if (read.order.status !== 'pending') return undefined;
      const isWaiting = payment.status === 'pending';
      const handleExpiresAt = handleEndOf(read, payment, askedAt);
      const isRequested = read.order.switchRequestedTo === payment.method;
      return {
        order: isRequested ? commandsAfter(read.order, 'switchRequestedTo') : {},
        payment: isWaiting
          ? { id: stale.id, patch: { nextAction, providerRef, handleExpiresAt } }
          : undefined,
        event: null,
      };
    },
  });
  return { kind: 'renewed', progress };
}
