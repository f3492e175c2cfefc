import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OrderLife } from '../domain/order-life.ts';
import type { OrderStatus } from '../domain/order.ts';
import { searchAttributes } from './search-attributes.ts';

/** Shows in the Temporal UI what has changed for an order; answers the life after the change. */
export function showChange(before: OrderLife, after: OrderLife): OrderLife {
  const isSameStatus = after.status === before.status;
  if (isSameStatus && after.review === before.review) return after;
  showDetails(after);
  if (!isSameStatus)
    upsertSearchAttributes([{ key: searchAttributes.status, value: after.status }]);
  return after;
}

export function showDetails({ status, review }: OrderLife): void {
  setCurrentDetails(review === undefined ? details[status] : `${details[status]} ${review}.`);
}

const details: Record<OrderStatus, string> = {
  pending: 'Waiting for the payer. The provider is asked when no notification comes.',
  authorized: 'The money is held. Waiting for the merchant to capture it or to cancel.',
  review:
    'IN REVIEW: the provider contradicted the order. A person must look; nothing is closed meanwhile.',
  paid: 'Paid.',
  partially_refunded: 'Paid, and in part refunded.',
  refunded: 'Paid, and refunded.',
  closed: 'Closed unpaid.',
  failed: 'The provider refused to open the payment.',
};
