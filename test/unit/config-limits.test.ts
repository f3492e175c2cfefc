import { expect, test } from 'vitest';
import { parseConfig } from '../../config/config.ts';
import { defaultLimits, parseLimits } from '../../config/limits.ts';

test('limits that are named are set, and the others stay', () => {
  expect(parseLimits('endpointsPerMerchant=5, paymentsPerOrder=3')).toEqual({
    ...defaultLimits,
    endpointsPerMerchant: 5,
    paymentsPerOrder: 3,
  });
});

test.each([
  ['endpoints=5', "'endpoints' is none of"],
  ['paymentsPerOrder', 'paymentsPerOrder must be a whole number'],
  ['paymentsPerOrder=0', 'paymentsPerOrder must be a whole number'],
  ['paymentsPerOrder=1.5', 'paymentsPerOrder must be a whole number'],
  ['paymentsPerOrder=99999999', 'paymentsPerOrder must be a whole number'],
  ['__proto__=1', "'__proto__' is none of"],
])('%s is refused, saying why', (text, why) => {
  expect(parseLimits(text)).toEqual(expect.stringContaining(why));
});

test.each([
  [{ TENDER_LIMITS: 'x=1' }, 'TENDER_LIMITS: must name limits'],
  [{ TENDER_DNS_SERVERS: 'dns.example' }, 'must be addresses like'],
  [{ TENDER_TRUSTED_PROXIES: '10.0.0.1' }, 'must be ranges like'],
])('a start with %j stops, naming the variable', (env, why) => {
  const result = parseConfig(env);
  expect(result.kind === 'invalid' && result.problems.join()).toContain(why);
});
