/** Filters for the Temporal UI, e.g. `TenderStatus = "review"`. */
export const searchAttributes = {
  merchant: { name: 'TenderMerchant', type: 'KEYWORD' },
  orderNo: { name: 'TenderOrderNo', type: 'KEYWORD' },
  status: { name: 'TenderStatus', type: 'KEYWORD' },
  provider: { name: 'TenderProvider', type: 'KEYWORD' },
} as const;
