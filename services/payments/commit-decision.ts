import { reviewOf } from '../../domain/order-snapshot.ts';
import { isEnded } from '../../domain/order.ts';
import { isOpen } from '../../domain/payment.ts';
import type { PaymentStatus } from '../../domain/payment.ts';
import { reviewLine } from '../../domain/review.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ServiceDeps } from '../deps.ts';
import { beginRefund } from '../../orchestration/start-refund.ts';

// Two conflicting writers in a row are a race; ten are a defect.
const attempts = 10;

type Deps = Pick<ServiceDeps, 'db' | 'client' | 'taskQueue' | 'logger'>;

/**
 * Decides on the order as read and commits under its version; on a conflict, reads and decides again. `decide` is pure
 * and returns undefined if nothing changes.
 */
export async function commitDecision<R extends OrderRead>(
  deps: Deps,
  input: { first?: R; read: () => Promise<R>; decide: (read: R) => Change | undefined },
): Promise<OrderProgress> {
  const { read, decide } = input;
  let { first } = input;
  const committed = await commitAnswer(deps, {
    read: () => {
      const known = first;
      first = undefined;
      return known ?? read();
    },
    ask: () => undefined,
    decide,
  });
  return progressOf(committed.read, committed.change);
}

/**
 * As `commitDecision`, for a decision that needs the provider's answer. The provider is queried after every read of the
 * order, so an older answer never undoes a newer one.
 */
export async function commitAnswer<R extends OrderRead, A>(
  deps: Deps,
  input: {
    read: () => Promise<R> | R;
    ask: (read: R) => Promise<A> | A;
    decide: (read: R, answer: A) => Change | undefined;
  },
): Promise<{ read: R; answer: A; change: Change | undefined }> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await input.read();
    const answer = await input.ask(read);
    const change = input.decide(read, answer);
    if (!change) return { read, answer, change };
    if (!(await commitChange(deps.db, { read, change }))) continue;
    // A refund made at the provider needs no workflow.
    if (change.newRefund?.status === 'pending') beginRefund(deps, { refund: change.newRefund });
    logReview(deps, read, change);
    return { read, answer, change };
  }
  const { order } = await input.read();
  throw new Error(`order ${order.id} was changed concurrently ${attempts} times in a row`);
}

function logReview({ logger }: Deps, { order }: OrderRead, change: Change): void {
  const review = change.order.reviewFacts ? reviewOf({ ...order, ...change.order }) : null;
  if (!review) return;
  logger.error(
    { event: 'order.review_required', orderId: order.id, ...review },
    `a provider contradicts an order: ${reviewLine(review, review.verbs)}`,
  );
}

/** The order's progress, as returned to its workflow. */
export function progressOf(read: OrderRead, change?: Change): OrderProgress {
  const status = change?.order.status ?? read.order.status;
  const statuses = read.payments.map(({ id, status }): PaymentStatus =>
    change?.payment?.id === id ? (change.payment.patch.status ?? status) : status,
  );
  // Open attempts of an ended order can still bring money and have to be closed at the provider.
  const hasOpenAttempts = isEnded(status) && statuses.some(isOpen);
  const review = reviewOf({ ...read.order, ...change?.order });
  const confirmation = change?.order.confirmation ?? read.order.confirmation;
  const { confirmSeconds } = read.order;
  return {
    status,
    ...(hasOpenAttempts && { hasLeftovers: true }),
    ...(review && { review: reviewLine(review, review.verbs) }),
    ...(confirmation === 'awaited' &&
      confirmSeconds !== null && { confirmWithinMs: confirmSeconds * 1_000 }),
  };
}
