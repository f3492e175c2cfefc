/**
 * A payer's bank asks about a payment, or takes it back. `inquiry`: no money has moved and the payment can still be
 * refunded, which may spare the dispute; it ends as `inquiry_closed`, or becomes one. `open`: the money is with the
 * bank until it is decided; `lost` is money gone, and may yet be won.
 */
export const disputeStatuses = ['inquiry', 'inquiry_closed', 'open', 'won', 'lost'] as const;
export type DisputeStatus = (typeof disputeStatuses)[number];

/** What a provider says about one dispute. Amounts in minor units. */
export type DisputeReport = {
  /** The provider's own number of the dispute. */
  disputeNo: string;
  status: DisputeStatus;
  amountMinor: number;
  currency: string;
  /** The provider's word for why. */
  reason: string;
};

/** True while it is not decided what becomes of it. */
export function isDisputeOpen(status: DisputeStatus): boolean {
  return status === 'inquiry' || status === 'open';
}
