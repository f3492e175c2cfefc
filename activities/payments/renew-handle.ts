import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import { commitDecision } from '../../services/payments/commit-decision.ts';
import { commandsAfter } from '../../services/payments/change-of-report.ts';
import type { ActivityDeps } from '../deps.ts';
import { handleEndOf, openAtProvider } from './create-payment.ts';

export type Renewed =
  | { kind: 'renewed'; progress: OrderProgress }
  /** The provider gives no other for this payment, and what there was stays. */
  | { kind: 'refused'; code: string }
  /** It has it in another state: what became of it is asked for. */
  | { kind: 'invalidState' };

/**
 * Asks the provider for what the payer of an open payment needs, as when a code is over. It is asked for under the same
 * number, so that nothing can be paid twice; a provider whose code is still good may give the same.
 */
export async function renewHandle(
  deps: ActivityDeps,
  { read: first, payment: asked }: { read: OrderRead; payment: PaymentRow },
): Promise<Renewed> {
  const askedAt = new Date();
  const answer = await openAtProvider(deps, first, asked);
  if (answer.kind === 'unreached') throw answer.fault;
  if (answer.kind === 'invalidState') return { kind: 'invalidState' };
  if (answer.kind === 'declined') return { kind: 'refused', code: answer.code };
  const { nextAction, providerRef } = answer;
  const progress = await commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide: (read) => {
      const payment = paymentOf(read, asked.id);
      if (read.order.status !== 'pending') return undefined;
      const isWaiting = payment.status === 'pending';
      const handleExpiresAt = handleEndOf(read, payment, askedAt);
      const isHeard = read.order.switchRequestedTo === payment.method;
      return {
        order: isHeard ? commandsAfter(read.order, 'switchRequestedTo') : {},
        payment: isWaiting
          ? { id: asked.id, patch: { nextAction, providerRef, handleExpiresAt } }
          : undefined,
        event: null,
      };
    },
  });
  return { kind: 'renewed', progress };
}
