import type { OutgoingDelivery } from '../db/queries/select-outgoing.ts';
import type { PlannedDelivery } from '../db/queries/match-endpoints.ts';

/**
 * What was planned for a delivery, of `planned` in the order of the feed; undefined where it is not among them. By
 * search and not by a `Map`: one in which entries come and go for ever keeps V8 from freeing any of them young, once its
 * table has become old (`docs/explanation/decisions/0022-v8-and-glibc-options.md`).
 */
export function findPlanned(
  planned: readonly PlannedDelivery[],
  delivery: OutgoingDelivery,
): PlannedDelivery | undefined {
  let [first, end] = [0, planned.length];
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (planned[middle]!.delivery.position < delivery.position) first = middle + 1;
    else end = middle;
  }
  // An event may go to many endpoints.
  for (let at = first; planned[at]?.delivery.position === delivery.position; at++)
    if (planned[at]!.delivery === delivery) return planned[at];
  return undefined;
}
