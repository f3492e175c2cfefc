/** A payer's bank takes a payment back: `open` until it is decided; `lost` is money gone. */
export const disputeStatuses = ['open', 'won', 'lost'] as const;
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
