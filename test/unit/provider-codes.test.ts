import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { ProviderFault } from '../../providers/faults.ts';
import type { Refusal } from '../../providers/provider.ts';
import * as alipayCodes from '../../providers/alipay/codes.ts';
import { refusalOf as refusalOfAlipay } from '../../providers/alipay/errors.ts';
import { codes as stripeCodes } from '../../providers/stripe/codes.ts';
import { faultOf, refusalOf as refusalOfStripe } from '../../providers/stripe/errors.ts';
import * as wechatCodes from '../../providers/wechat-pay/codes.ts';
import { refusalOf as refusalOfWechat } from '../../providers/wechat-pay/errors.ts';
import type { CodeMeaning, CodeTable } from '../../providers/code-meanings.ts';

// Every documented code of every operation of every provider, as an adapter makes an outcome of it.

type Outcome = Refusal | ProviderFault;

function outcomeOf(refuse: () => Refusal): Outcome {
  try {
    return refuse();
  } catch (error) {
    if (error instanceof ProviderFault) return error;
    throw error;
  }
}

function outcomeOfStripe(code: string): Outcome {
  const words = { code, message: 'no', type: 'invalid_request_error' as const, statusCode: 400 };
  const error = new Stripe.errors.StripeInvalidRequestError(words);
  return refusalOfStripe(error) ?? faultOf(error);
}

const { createCodes, closeCodes, queryCodes, refundCodes, gatewayCodes } = alipayCodes;

const tables: [string, CodeTable, (code: string) => Outcome][] = [
  ...Object.entries({
    create: createCodes,
    close: closeCodes,
    query: queryCodes,
    refund: refundCodes,
  }).map(([operation, table]): (typeof tables)[number] => [
    `alipay ${operation}`,
    table,
    (code) => outcomeOf(() => refusalOfAlipay({ code: '40004', sub_code: `ACQ.${code}` }, table)),
  ]),
  [
    'alipay gateway',
    gatewayCodes,
    (code) => outcomeOf(() => refusalOfAlipay({ code }, createCodes)),
  ],
  ...Object.entries(wechatCodes).map(([operation, table]): (typeof tables)[number] => [
    `wechat-pay ${operation}`,
    table,
    // Whatever the status: OPENID_MISMATCH comes with 500.
    (code) => outcomeOf(() => refusalOfWechat({ status: 500, code, message: '' }, table)),
  ]),
  ['stripe', stripeCodes, outcomeOfStripe],
];

const expected: Record<CodeMeaning, object> = {
  declined: { kind: 'declined' },
  badRequest: { kind: 'declined', isOurMistake: true },
  invalidState: { kind: 'invalidState' },
  account: { kind: 'misconfigured', blames: 'provider' },
  retry: { kind: 'retryable' },
  unknown: { kind: 'unknownOutcome', isUndocumented: false },
};

describe.each(tables)('%s', (_, table, refuse) => {
  test('every documented code ends as its meaning says', () => {
    for (const [code, meaning] of Object.entries(table)) {
      expect([code, refuse(code)]).toEqual([code, expect.objectContaining(expected[meaning])]);
    }
  });

  test('no definite no is a fault: it neither retries nor speaks against the account', () => {
    for (const [code, meaning] of Object.entries(table)) {
      const isFault = refuse(code) instanceof ProviderFault;
      const isDefinite = ['declined', 'badRequest', 'invalidState'].includes(meaning);
      expect([code, isFault]).toEqual([code, !isDefinite]);
    }
  });
});

test.each([
  ['alipay', () => refusalOfAlipay({ code: '40004', sub_code: 'ACQ.NEW' }, refundCodes)],
  [
    'wechat-pay',
    () => refusalOfWechat({ status: 400, code: 'NEW', message: '' }, wechatCodes.refundCodes),
  ],
  [
    'stripe',
    () => {
      throw outcomeOfStripe('new_code');
    },
  ],
])('a code that nobody documented is unknown at %s, and says so', (_, refuse) => {
  expect(outcomeOf(refuse)).toMatchObject({
    kind: 'unknownOutcome',
    isUndocumented: true,
  });
});
