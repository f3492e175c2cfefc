import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { currencyExponents } from '../../domain/money.ts';
import { createStripe } from '../../providers/stripe/client.ts';
import { noticeOfVersion } from '../../providers/stripe/versions.ts';
import { openAccount } from '../../providers/stripe/open-account.ts';
import { faultOf, refusalOf } from '../../providers/stripe/errors.ts';
import { fromStripeAmount, toStripeAmount } from '../../providers/stripe/money.ts';
import { readingOf } from '../../providers/stripe/news.ts';
import { paymentIntentSchema, sessionSchema } from '../../providers/stripe/objects.ts';
import { reportOfFound } from '../../providers/stripe/payments.ts';
import { verifySignature } from '../../providers/stripe/signature.ts';
import {
  meaningOfDispute,
  meaningOfPaymentIntent,
  meaningOfRefund,
  meaningOfSession,
  reportOfPaymentIntent,
  reportOfSession,
} from '../../providers/stripe/status.ts';

describe('money', () => {
  const currency = fc.constantFrom(...Object.keys(currencyExponents));
  const amount = fc.integer({ min: 0, max: 1_000_000_000_000 });

  test('crosses to Stripe and back unchanged', () => {
    fc.assert(
      fc.property(amount, currency, (amountMinor, currency) => {
        const theirs = toStripeAmount(amountMinor, currency);
        fc.pre(theirs !== undefined);
        expect(fromStripeAmount(theirs, currency.toLowerCase())).toBe(amountMinor);
      }),
    );
  });

  test('that Stripe can say comes from it and back unchanged', () => {
    fc.assert(
      fc.property(amount, currency, (tens, currency) => {
        const theirs = tens * 100;
        const amountMinor = fromStripeAmount(theirs, currency.toLowerCase());
        expect(toStripeAmount(amountMinor ?? -1, currency)).toBe(theirs);
      }),
    );
  });

  test('is refused only for thousandths that Stripe does not take', () => {
    fc.assert(
      fc.property(amount, currency, (amountMinor, currency) => {
        const isTaken = currencyExponents[currency] !== 3 || amountMinor % 10 === 0;
        expect(toStripeAmount(amountMinor, currency) !== undefined).toBe(isTaken);
      }),
    );
  });

  test.each([
    [1250, 'USD', 1250],
    [500, 'JPY', 500],
    [5, 'ISK', 500],
    [1255, 'HUF', 1255],
    [1255, 'TWD', 1255],
    [5120, 'KWD', 5120],
    [5124, 'KWD', undefined],
    [1.5, 'USD', undefined],
    [-1, 'USD', undefined],
    [Number.MAX_SAFE_INTEGER, 'ISK', undefined],
    [100, 'XXX', undefined],
    [100, 'constructor', undefined],
  ])('%d minor units of %s are %s of Stripe’s', (amountMinor, currency, theirs) => {
    expect(toStripeAmount(amountMinor, currency)).toBe(theirs);
  });

  test('of a currency without decimals is refused when Stripe says a fraction of it', () => {
    expect(fromStripeAmount(550, 'isk')).toBeUndefined();
  });
});

describe('a status', () => {
  test.each([
    ['requires_payment_method', 'pending'],
    ['requires_confirmation', 'pending'],
    ['requires_action', 'pending'],
    ['processing', 'pending'],
    ['requires_capture', 'authorized'],
    ['succeeded', 'paid'],
    ['canceled', 'closed'],
  ])('%s of a PaymentIntent is %s', (status, meaning) => {
    expect(meaningOfPaymentIntent(status)).toBe(meaning);
  });

  test.each([
    ['open', 'unpaid', 'pending'],
    ['expired', 'unpaid', 'closed'],
    ['complete', 'paid', 'paid'],
    ['complete', 'unpaid', 'pending'],
    ['complete', 'no_payment_required', 'unknown'],
    [null, 'paid', 'unknown'],
  ])('%s and %s of a Session is %s', (status, paymentStatus, meaning) => {
    expect(meaningOfSession(status, paymentStatus)).toBe(meaning);
  });

  test.each([
    ['pending', 'pending'],
    ['requires_action', 'pending'],
    ['succeeded', 'succeeded'],
    ['failed', 'needs_attention'],
    ['canceled', 'failed'],
    [null, 'unknown'],
  ])('%s of a refund is %s', (status, meaning) => {
    expect(meaningOfRefund(status)).toBe(meaning);
  });

  test.each([
    ['needs_response', 'open'],
    ['under_review', 'open'],
    ['warning_needs_response', 'inquiry'],
    ['warning_under_review', 'inquiry'],
    ['appeal_needs_response', 'open'],
    ['appeal_under_review', 'open'],
    ['won', 'won'],
    ['warning_closed', 'inquiry_closed'],
    ['prevented', 'inquiry_closed'],
    ['lost', 'lost'],
  ])('%s of a dispute is %s', (status, meaning) => {
    expect(meaningOfDispute(status)).toBe(meaning);
  });

  test('nobody has heard of is unknown, never a guess', () => {
    const word = fc.string().filter((text) => !/^[a-z_]+$/.test(text));
    fc.assert(
      fc.property(word, (status) => {
        expect(meaningOfPaymentIntent(status)).toBe('unknown');
        expect(meaningOfSession(status, 'paid')).toBe('unknown');
        expect(meaningOfRefund(status)).toBe('unknown');
        expect(meaningOfDispute(status)).toBe('unknown');
      }),
    );
  });

  test('of success is no report without an amount that its currency has', () => {
    const words = {
      object: 'payment_intent' as const,
      id: 'pi_1',
      livemode: false,
      status: 'succeeded',
      currency: 'isk',
      amount: 550,
      amount_capturable: 0,
      amount_received: 550,
      metadata: {},
    };
    expect(reportOfPaymentIntent(words)).toBeUndefined();
    expect(
      reportOfPaymentIntent({ ...words, status: 'requires_capture', amount_capturable: 1 }),
    ).toBe(undefined);
    expect(reportOfPaymentIntent({ ...words, currency: 'xyz' })).toBeUndefined();
  });

  test('of a paid Session without its PaymentIntent is no report', () => {
    const words = {
      object: 'checkout.session' as const,
      id: 'cs_1',
      livemode: false,
      status: 'complete',
      payment_status: 'paid',
      currency: 'usd',
      amount_total: 1250,
      metadata: {},
    };
    expect(reportOfSession(words)).toBeUndefined();
    expect(reportOfSession({ ...words, payment_intent: 'pi_1' })).toEqual({
      status: 'succeeded',
      paidMinor: 1250,
      currency: 'USD',
      providerTradeNo: 'pi_1',
    });
  });
});

describe('an error', () => {
  const thrown = (
    statusCode: number,
    words: { type?: string; code?: string; param?: string } = {},
  ) =>
    Stripe.errors.StripeError.generate({
      type: 'invalid_request_error',
      message: 'no',
      headers: { 'retry-after': '7' },
      statusCode,
      ...words,
    } as Parameters<typeof Stripe.errors.StripeError.generate>[0]);

  test.each([
    [402, { type: 'card_error', code: 'card_declined' }, 'declined', 'card_declined'],
    [400, { code: 'amount_too_small' }, 'declined', 'amount_too_small'],
    [
      400,
      { code: 'payment_intent_unexpected_state' },
      'invalidState',
      'payment_intent_unexpected_state',
    ],
    [400, { code: 'charge_already_refunded' }, 'invalidState', 'charge_already_refunded'],
    [400, { type: 'idempotency_error' }, 'invalidState', 'idempotency_error'],
    [400, { param: 'amount' }, 'invalidState', 'invalid_request_error'],
  ])('%d %j is a refusal: %s', (status, words, kind, code) => {
    expect(refusalOf(thrown(status, words))).toEqual({ kind, code, message: 'Stripe: no' });
  });

  test.each([
    [404, { code: 'resource_missing' }, 'resource_missing'],
    [400, { code: 'parameter_unknown' }, 'parameter_unknown'],
    [400, {}, 'invalid_request_error'],
  ])('%d %j is a refusal, and our mistake', (status, words, code) => {
    const message = 'Stripe: no';
    const refusal = { kind: 'declined', code, message, isOurMistake: true };
    expect(refusalOf(thrown(status, words))).toEqual(refusal);
  });

  test.each([
    [401, {}, 'misconfigured'],
    [403, {}, 'misconfigured'],
    [400, { code: 'api_key_expired' }, 'misconfigured'],
    [409, { type: 'idempotency_error', code: 'lock_timeout' }, 'retryable'],
    [429, { code: 'rate_limit' }, 'retryable'],
    [429, { code: 'lock_timeout' }, 'retryable'],
    [400, { code: 'rate_limit' }, 'retryable'],
    [400, { code: 'never_heard_of' }, 'unknownOutcome'],
    [418, {}, 'unknownOutcome'],
    [500, { type: 'api_error' }, 'unknownOutcome'],
    [503, {}, 'unknownOutcome'],
  ])('%d %j is a fault: %s', (status, words, kind) => {
    const error = thrown(status, words);
    expect(refusalOf(error)).toBeUndefined();
    expect(faultOf(error)).toMatchObject({ kind, retryAfterMs: 7000 });
  });

  test('that is none of Stripe’s has an unknown outcome', () => {
    expect(faultOf(new TypeError('oh'))).toMatchObject({ kind: 'unknownOutcome' });
  });
});

describe('a signature', () => {
  const nowMs = 1_800_000_000_000;
  const now = nowMs / 1000;
  const sign = (time: number | string, body: string, secret: string) =>
    createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  const verify = (header: string, secrets = ['whsec_a'], body = '{}') =>
    verifySignature(body, header, secrets, nowMs);

  test('is found among several, by any of several secrets', () => {
    const header = `t=${now},v1=${sign(now, '{}', 'whsec_b')},v1=${sign(now, '{}', 'whsec_a')},v0=x`;
    expect(verify(header)).toEqual({ secret: 'whsec_a' });
    expect(verify(`t=${now},v1=${sign(now, '{}', 'whsec_b')}`, ['whsec_a', 'whsec_b'])).toEqual({
      secret: 'whsec_b',
    });
  });

  test.each([-300, 0, 300])('%d seconds away is accepted', (seconds) => {
    const time = now + seconds;
    expect(verify(`t=${time},v1=${sign(time, '{}', 'whsec_a')}`)).toHaveProperty('secret');
  });

  test.each([-301, 301, 86_400])('%d seconds away is refused', (seconds) => {
    const time = now + seconds;
    expect(verify(`t=${time},v1=${sign(time, '{}', 'whsec_a')}`)).toHaveProperty('reason');
  });

  test('under the scheme v0, of another body, or with a second time is refused', () => {
    const good = sign(now, '{}', 'whsec_a');
    expect(verify(`t=${now},v0=${good}`)).toHaveProperty('reason');
    expect(verify(`t=${now},v1=${good}`, ['whsec_a'], '{ }')).toHaveProperty('reason');
    expect(verify(`t=${now - 900},t=${now},v1=${good}`)).toHaveProperty('reason');
    expect(verify(`t=${now},v1=${good.toUpperCase()}`)).toHaveProperty('reason');
    expect(verify('')).toHaveProperty('reason');
  });

  test('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (header, body) => {
        expect(verify(header, ['whsec_a'], body)).toHaveProperty('reason');
        expect(verify(`t=${now},v1=${header}`, ['whsec_a'], body)).toHaveProperty('reason');
      }),
    );
  });
});

describe('an account', () => {
  const settings = {
    apiUrl: 'https://api.stripe.com',
    accountId: 'acct_1',
    publishableKey: 'pk_test_1',
    mode: 'test',
  };
  const credentials = { secretKey: 'sk_test_1', webhookSecrets: 'whsec_1, whsec_2' };

  test('in test mode expects test events', () => {
    expect(openAccount({ settings, credentials }).expectedBinding({ outTradeNo: 'no1' })).toEqual({
      appId: 'test',
      sellerId: 'acct_1',
      outTradeNo: 'no1',
      isNumberCopyable: true,
      providerRef: null,
      providerTradeNo: null,
    });
  });

  test.each([
    [{ ...settings, mode: 'live' }, credentials],
    [{ ...settings, mode: 'sandbox' }, credentials],
    [{ ...settings, apiUrl: 'api.stripe.com' }, credentials],
    [settings, { ...credentials, secretKey: 'sk_live_1' }],
    [settings, { ...credentials, secretKey: 'whsec_1' }],
    [settings, { ...credentials, webhookSecrets: ' , ' }],
  ])('with words that contradict each other is refused (%#)', (settings, credentials) => {
    expect(() => openAccount({ settings, credentials })).toThrow(Error);
  });
});

describe('an answer', () => {
  async function refundAgainst(listener: RequestListener, timeoutMs = 5000) {
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      listener(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const provider = createStripe({
      apiUrl: `http://127.0.0.1:${port}`,
      accountId: 'acct_1',
      mode: 'test',
      secretKey: 'sk_test_1',
      webhookSecrets: ['whsec_1'],
      timeoutMs,
    });
    const providerTradeNo = 'pi_1';
    const payment = { outTradeNo: 'no1', providerRef: null, amountMinor: 1, currency: 'EUR' };
    const ref = {
      payment: { ...payment, providerTradeNo },
      refundNo: 're1',
      providerRefundNo: 're_1',
    };
    const fault = await provider.queryRefund(ref).catch((error: unknown) => error);
    server.close();
    server.closeAllConnections();
    return { fault, requests };
  }

  test.each([
    [200, '5'],
    [200, 'null'],
    [200, '[]'],
    [200, '{}'],
    [200, '{"object":"refund"}'],
    [200, ''],
    [200, '<html>'],
    [302, '{}'],
    [400, '{}'],
    [500, '{}'],
    [502, '<html>'],
  ])('%d %j is believed by nobody', async (status, body) => {
    const answered = await refundAgainst((_request, response) => {
      response.writeHead(status).end(body);
    });
    expect(answered).toMatchObject({ fault: { kind: 'unknownOutcome' }, requests: 1 });
  });

  test('that breaks off is not asked for again by the SDK', async () => {
    const answered = await refundAgainst((request) => request.socket.resetAndDestroy());
    expect(answered).toMatchObject({ fault: { kind: 'unknownOutcome' }, requests: 1 });
  });

  test('that does not come, or not to its end, is waited for no longer than allowed', async () => {
    const silent = await refundAgainst(() => {}, 100);
    expect(silent).toMatchObject({ fault: { kind: 'unknownOutcome' }, requests: 1 });
    const torn = await refundAgainst((_request, response) => void response.write('{"ob'), 100);
    expect(torn).toMatchObject({ fault: { kind: 'unknownOutcome' }, requests: 1 });
  });
});

describe('an event', () => {
  const refund = {
    object: 'refund',
    id: 're_1',
    amount: 100,
    currency: 'usd',
    status: 'succeeded',
    created: 1,
    payment_intent: 'pi_1',
    metadata: { refund_no: 'r1', out_trade_no: 'o1' },
  };
  const intent = {
    object: 'payment_intent',
    id: 'pi_1',
    livemode: false,
    currency: 'usd',
    amount: 100,
    status: 'requires_payment_method',
    metadata: { out_trade_no: 'o1' },
  };
  const session = {
    object: 'checkout.session',
    id: 'cs_1',
    livemode: false,
    currency: 'usd',
    status: 'complete',
    payment_status: 'unpaid',
    amount_total: 100,
    payment_intent: 'pi_1',
    client_reference_id: 'o1',
    metadata: { out_trade_no: 'o1' },
  };
  const about = { outTradeNo: 'o1', providerTradeNo: 'pi_1' };

  test.each([
    ['2026-10-28.endive', false],
    ['2022-11-15', false],
    ['2024-10-28.acacia', false],
    ['2022-08-01', true],
    ['2027-03-01.fennel', true],
    [null, false],
  ])('of an endpoint of the API version %s is warned of: %s', (version, isWarned) => {
    expect(noticeOfVersion(version) !== undefined).toBe(isWarned);
  });

  test.each(['refund.updated', 'refund.failed', 'charge.refund.updated'])(
    '%s is news of the refund, whatever version named it',
    (type) => {
      const news = { kind: 'refund', refundNo: 'r1', providerRefundNo: 're_1' };
      expect(readingOf(type, refund)).toEqual({ news, about });
    },
  );

  test('of a slow payment that failed has Stripe asked, who says that nobody can pay any more', () => {
    const read = readingOf('checkout.session.async_payment_failed', session);
    expect(read).toEqual({ news: { kind: 'hint' }, about: { ...about, providerRef: 'cs_1' } });
    const found = {
      session: sessionSchema.parse(session),
      paymentIntent: paymentIntentSchema.parse(intent),
    };
    expect(reportOfFound(found)).toEqual({ status: 'closed' });
    const open = { ...found, session: sessionSchema.parse({ ...session, status: 'open' }) };
    expect(reportOfFound(open)).toEqual({ status: 'pending' });
    const processing = paymentIntentSchema.parse({ ...intent, status: 'processing' });
    expect(reportOfFound({ ...found, paymentIntent: processing })).toEqual({ status: 'pending' });
  });
});
