/** `TENDER_LIMITS` for a bench, where one merchant at one address sends the whole load. */
export const noLimits = [
  'requestsPerSecondPerKey',
  'concurrentRequestsPerMerchant',
  'concurrentRequestsPerAddress',
  'endpointsPerMerchant',
]
  .map((name) => `${name}=1000000`)
  .join(',');
