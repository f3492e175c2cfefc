/**
 * A dispute of a payment by the payer's bank. `inquiry`: no money has moved and a refund may avoid the dispute; it ends
 * as `inquiry_closed`, or becomes a dispute. `open`: the bank holds the money until the decision. `lost`: the money is
 * gone, and may yet be won back.
 */
export const disputeStatuses = ['inquiry', 'inquiry_closed', 'open', 'won', 'lost'] as const;
export type DisputeStatus = (typeof disputeStatuses)[number];

/** A provider's report about one dispute. Amounts in minor units. */
export type DisputeReport = {
  /** The provider's own dispute number. */
  disputeNo: string;
  status: DisputeStatus;
  amountMinor: number;
  currency: string;
  /** The reason in the provider's own words. */
  reason: string;
};

/** True while the dispute is undecided. */
export function isDisputeOpen(status: DisputeStatus): boolean {
  return status === 'inquiry' || status === 'open';
}
