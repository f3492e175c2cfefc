import { isEnded } from '../../domain/order.ts';
import { isOpen } from '../../domain/payment.ts';
import type { PaymentStatus } from '../../domain/payment.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { beginRefund } from '../refunds/begin-refund.ts';

// Two writers in a row are a race, ten are a fault of ours.
const attempts = 10;

/**
 * Decides on what was read and commits it under the version that was read; when somebody else was
 * first, reads and decides anew. `decide` is pure and answers undefined where nothing is to change.
 */
export async function commitDecision<R extends OrderRead>(
  deps: Pick<ActivityDeps, 'db' | 'client' | 'taskQueue' | 'logger'>,
  input: { first?: R; read: () => Promise<R>; decide: (read: R) => Change | undefined },
): Promise<OrderProgress> {
  let read = input.first ?? (await input.read());
  for (let attempt = 0; attempt < attempts; attempt++) {
    const change = input.decide(read);
    if (!change) return progressOf(read);
    if (await commitChange(deps.db, { read, change })) {
      // One that the provider made by itself is done.
      if (change.newRefund?.status === 'pending') beginRefund(deps, { refund: change.newRefund });
      return progressOf(read, change);
    }
    read = await input.read();
  }
  throw new Error(`order ${read.order.id} was changed by somebody else ten times in a row`);
}

/** Where an order stands, for its workflow. */
export function progressOf(read: OrderRead, change?: Change): OrderProgress {
  const status = change?.order.status ?? read.order.status;
  const statuses = read.payments.map(({ id, status }): PaymentStatus =>
    change?.payment?.id === id ? (change.payment.patch.status ?? status) : status,
  );
  // What may still bring money to an order that is done has to be closed at its provider.
  const hasLeftovers = isEnded(status) && statuses.some(isOpen);
  const confirmation = change?.order.confirmation ?? read.order.confirmation;
  const { confirmSeconds } = read.order;
  return {
    status,
    ...(hasLeftovers && { hasLeftovers }),
    ...(confirmation === 'awaited' &&
      confirmSeconds !== null && { confirmWithinMs: confirmSeconds * 1_000 }),
  };
}
