import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { OrderLife } from '../domain/order-life.ts';
import type { OrderStatus } from '../domain/order.ts';
import { searchAttributes } from './search-attributes.ts';

/** Shows an order's change in the Temporal UI; returns the state after the change. */
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
  pending: 'Waiting for the payer. The provider is queried if no notification arrives.',
  authorized: 'The payment is authorised. Waiting for the merchant to capture or cancel it.',
  review:
    'IN REVIEW: the provider contradicted the order. A person must look; nothing is closed meanwhile.',
  paid: 'Paid.',
  partially_refunded: 'Paid, and partially refunded.',
  refunded: 'Paid, and refunded.',
  closed: 'Closed unpaid.',
  failed: 'The provider refused to open the payment.',
};
