/** For `TENDER_LIMITS`: a bench is one merchant, and one address, that asks for all there is. */
export const noLimits = [
  'requestsPerSecondPerKey',
  'concurrentRequestsPerMerchant',
  'concurrentRequestsPerAddress',
  'endpointsPerMerchant',
]
  .map((name) => `${name}=1000000`)
  .join(',');
