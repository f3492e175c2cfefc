/**
 * The limits per key, merchant, order or address, counted in each API process. Set by `TENDER_LIMITS=name=number,…`;
 * `docs/reference/limits.md` explains each.
 */
export const defaultLimits = {
  requestsPerSecondPerKey: 2_000,
  concurrentRequestsPerMerchant: 500,
  streamsPerMerchant: 100,
  endpointsPerMerchant: 1_000,
  paymentsPerOrder: 20,
  switchesPerMinutePerOrder: 10,
  checkoutStreamsPerOrder: 10,
  failedKeysPerMinutePerAddress: 60,
  pageRequestsPerSecondPerAddress: 100,
  concurrentRequestsPerAddress: 500,
  streamsPerAddress: 100,
} as const satisfies Record<string, number>;

export type Limits = { readonly [name in keyof typeof defaultLimits]: number };

const largest = 1_000_000;

/** Parses `TENDER_LIMITS`; returns a message if the text is invalid. */
export function parseLimits(text: string): Limits | string {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const pair of text.split(',')) {
    const [name = '', number = ''] = pair.split('=').map((part) => part.trim());
    if (!Object.hasOwn(defaultLimits, name)) {
      return `must name limits, as requestsPerSecondPerKey=100; '${name}' is none of ${Object.keys(defaultLimits).join(', ')}`;
    }
    const value = Number(number);
    if (!/^\d+$/.test(number) || value < 1 || value > largest) {
      return `${name} must be a whole number from 1 to ${largest}`;
    }
    limits[name] = value;
  }
  return limits as Limits;
}
