import { isHandleDead } from '../../domain/payment.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { wishesAfter } from './change-of-report.ts';
import { commitDecision } from './commit-decision.ts';
import { handleEndOf, openAtProvider } from './create-payment.ts';

export type Renewed =
  | { kind: 'renewed'; progress: OrderProgress }
  /** The provider gives no other for this payment: another has to take its place. */
  | { kind: 'refused' };

/**
 * Gives the payer of an open payment another code or address where the one there was is over. It is asked for under
 * the same number, so that nothing can be paid twice.
 */
export async function renewHandle(
  deps: ActivityDeps,
  { read: first, payment: { id } }: { read: OrderRead; payment: PaymentRow },
): Promise<Renewed> {
  const asked = paymentOf(first, id);
  const askedAt = new Date();
  const isOver = isHandleDead(asked, askedAt.getTime());
  const answer = isOver ? await openAtProvider(deps, first, asked) : undefined;
  if (answer?.kind === 'unreached') throw answer.fault;
  if (answer && answer.kind !== 'created') return { kind: 'refused' };
  const progress = await commitDecision(deps, {
    first,
    read: () => readOrder(deps.db, { orderId: first.order.id }),
    decide: (read) => {
      const payment = paymentOf(read, id);
      if (read.order.status !== 'pending') return undefined;
      const isWaiting = answer !== undefined && payment.status === 'pending';
      const handleExpiresAt = handleEndOf(read, payment, askedAt);
      return {
        order:
          read.order.switchRequestedTo === payment.method
            ? wishesAfter(read.order, 'switchRequestedTo')
            : {},
        payment: isWaiting
          ? {
              id,
              patch: {
                nextAction: answer.nextAction,
                providerRef: answer.providerRef,
                handleExpiresAt,
              },
            }
          : undefined,
        event: null,
      };
    },
  });
  return { kind: 'renewed', progress };
}
