import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { Socket } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCodes, refundCodes } from '../../providers/alipay/codes.ts';
import { bareSubCode, faultOfAnswer, refusalOf } from '../../providers/alipay/errors.ts';
import { acknowledgeNotification, readNotification } from '../../providers/alipay/notifications.ts';
import { StrictAlipaySdk } from '../../providers/alipay/sdk.ts';
import { meaningOfTradeStatus, reportOfTrade } from '../../providers/alipay/status.ts';
import { billDueAtMs, fromAlipayTime, toAlipayTime } from '../../providers/alipay/time.ts';

const alipay = generateKeyPairSync('rsa', { modulusLength: 2048 });
const alipayKey = createPublicKey(alipay.publicKey.export({ type: 'spki', format: 'pem' }));

type Fields = Record<string, string>;

const paidFields: Fields = {
  notify_time: '2026-01-02 03:04:06',
  notify_type: 'trade_status_sync',
  notify_id: '2026010200222abc',
  app_id: '2021000000000001',
  auth_app_id: '2021000000000001',
  charset: 'utf-8',
  version: '1.0',
  trade_no: '2026010222001400000000000001',
  out_trade_no: '01jabcdefghjkmnpqrstvwxyz0',
  buyer_id: '2088000000000009',
  seller_id: '2088000000000001',
  trade_status: 'TRADE_SUCCESS',
  total_amount: '12.50',
  receipt_amount: '12.50',
  subject: '热茶 100% 好 a+b',
  body: '',
  gmt_payment: '2026-01-02 03:04:05',
  fund_bill_list: '[{"amount":"12.50","fundChannel":"ALIPAYACCOUNT"}]',
};

/** Alipay's side of the rule, written out on its own. */
function signFields(fields: Fields, algorithm: 'RSA-SHA256' | 'RSA-SHA1' = 'RSA-SHA256'): string {
  const names = Object.keys(fields).filter((name) => fields[name] !== '' && name !== 'sign_type');
  const text = names.toSorted().map((name) => `${name}=${fields[name]}`);
  return sign(algorithm, Buffer.from(text.join('&')), alipay.privateKey).toString('base64');
}

function bodyOf(fields: Fields): string {
  return new URLSearchParams(fields).toString();
}

function signedBody(fields: Fields): string {
  return bodyOf({ ...fields, sign: signFields(fields), sign_type: 'RSA2' });
}

describe('a notification', () => {
  test('of a payment is read with the amount in fen and the time in UTC', () => {
    expect(readNotification(signedBody(paidFields), alipayKey)).toEqual({
      kind: 'verified',
      events: [
        {
          notificationId: '2026010200222abc',
          binding: {
            appId: '2021000000000001',
            sellerId: '2088000000000001',
            outTradeNo: '01jabcdefghjkmnpqrstvwxyz0',
          },
          news: {
            kind: 'payment',
            report: {
              status: 'succeeded',
              paidMinor: 1250,
              currency: 'CNY',
              providerTradeNo: '2026010222001400000000000001',
              paidAt: '2026-01-01T19:04:05.000Z',
            },
          },
        },
      ],
    });
  });

  const refundNews = { kind: 'refund', refundNo: 're1', providerRefundNo: 're1' };
  const unpaidFields = { gmt_payment: '', receipt_amount: '', fund_bill_list: '' };
  const closedNews = { kind: 'payment', report: { status: 'closed' } };
  test.each([
    ['partial refund', { refund_fee: '2.00', out_biz_no: 're1' }, refundNews],
    [
      'full refund',
      { trade_status: 'TRADE_CLOSED', gmt_refund: '2026-01-03 00:00:00.254', out_biz_no: 're1' },
      refundNews,
    ],
    ['refund whose number is all it says', { out_biz_no: 're1' }, refundNews],
    ['refund without its number', { refund_fee: '2.00' }, { kind: 'hint' }],
    ['refund that only says when', { gmt_refund: '2026-01-03 00:00:00' }, { kind: 'hint' }],
    [
      'close',
      { trade_status: 'TRADE_CLOSED', gmt_close: '2026-01-03 00:00:00', ...unpaidFields },
      closedNews,
    ],
    [
      'close of what was paid',
      { trade_status: 'TRADE_CLOSED', gmt_close: '2026-01-03 00:00:00' },
      { kind: 'payment', report: { status: 'succeeded', isGivenBack: true } },
    ],
    ['payment never refunded', { refund_fee: '0.00' }, { kind: 'payment' }],
    [
      'payment that can no longer be refunded',
      { trade_status: 'TRADE_FINISHED' },
      { kind: 'payment' },
    ],
  ])('of a %s is news of just that', (_what, fields, news) => {
    const parsed = readNotification(signedBody({ ...paidFields, ...fields }), alipayKey);
    expect(parsed).toMatchObject({ kind: 'verified', events: [{ news }] });
  });

  test('of another kind is acknowledged and means nothing', () => {
    const body = signedBody({ ...paidFields, notify_type: 'open_app_auth_notify' });
    expect(readNotification(body, alipayKey)).toEqual({ kind: 'verified', events: [] });
  });

  test('is rejected when any one field was tampered with', () => {
    const fields: Fields = { ...paidFields, sign: signFields(paidFields), sign_type: 'RSA2' };
    const names = Object.keys(fields);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, value) => {
        fc.pre(value !== fields[name]);
        const parsed = readNotification(bodyOf({ ...fields, [name]: value }), alipayKey);
        expect(parsed.kind).toBe('rejected');
      }),
      { numRuns: 500 },
    );
  });

  test('is rejected when a signed field was taken away or one was added', () => {
    const fields: Fields = { ...paidFields, sign: signFields(paidFields), sign_type: 'RSA2' };
    const signedNames = Object.keys(paidFields).filter((name) => paidFields[name] !== '');
    for (const name of signedNames) {
      const { [name]: _gone, ...rest } = fields;
      expect(readNotification(bodyOf(rest), alipayKey).kind).toBe('rejected');
    }
    expect(readNotification(bodyOf({ ...fields, out_biz_no: 're1' }), alipayKey).kind).toBe(
      'rejected',
    );
  });

  test('verifies whatever its values hold: percent signs, emptiness, any script', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('&'));
    fc.assert(
      fc.property(value, value, (subject, body) => {
        const parsed = readNotification(signedBody({ ...paidFields, subject, body }), alipayKey);
        expect(parsed.kind).toBe('verified');
      }),
      { numRuns: 50 },
    );
  });

  test('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webQueryParameters()), (rawBody) => {
        expect(readNotification(rawBody, alipayKey).kind).toBe('rejected');
      }),
    );
    expect(readNotification('sign_type=RSA2&sign=%E0%A4%A&a=%', alipayKey).kind).toBe('rejected');
  });

  test('may not choose SHA-1 for itself', () => {
    const sign = signFields(paidFields, 'RSA-SHA1');
    const parsed = readNotification(bodyOf({ ...paidFields, sign, sign_type: 'RSA' }), alipayKey);
    expect(parsed).toEqual({ kind: 'rejected', reason: 'sign_type is not RSA2' });
  });

  test('with a field standing twice is rejected, even with the same value', () => {
    const parsed = readNotification(`${signedBody(paidFields)}&total_amount=12.50`, alipayKey);
    expect(parsed).toEqual({ kind: 'rejected', reason: 'a field is duplicated' });
  });

  test('cannot hide a field inside the value of another', () => {
    const honest: Fields = { ...paidFields, subject: 'tea&total_amount=99.00&trade_desc=x' };
    const resplit: Fields = {
      ...honest,
      subject: 'tea',
      total_amount: '99.00',
      trade_desc: 'x&total_amount=12.50',
    };
    expect(digestOf(resplit)).toBe(digestOf(honest));
    const body = bodyOf({ ...resplit, sign: signFields(honest), sign_type: 'RSA2' });
    expect(readNotification(body, alipayKey).kind).toBe('rejected');
  });

  test.each(['买1&送=1', 'a&b=c&d=', '&x', 'https://shop.example/?a=1&b=2'])(
    'with %j in a value is verified as it was signed and parsed as it was sent',
    (text) => {
      const fields = {
        ...paidFields,
        voucher_detail_list: `[{"name":"${text}"}]`,
        passback_params: text,
      };
      expect(readNotification(signedBody(fields), alipayKey)).toMatchObject({
        kind: 'verified',
        events: [{ news: { kind: 'payment', report: { status: 'succeeded', paidMinor: 1250 } } }],
      });
    },
  );

  test('whose fields were moved into a value before them is rejected, whichever they are', () => {
    const names = Object.keys(paidFields)
      .filter((name) => paidFields[name] !== '')
      .toSorted();
    const sign = signFields(paidFields);
    for (const [at, name] of names.slice(1).entries()) {
      const host = names[at]!;
      const { [name]: hidden, ...rest } = paidFields;
      const moved = { ...rest, [host]: `${paidFields[host]}&${name}=${hidden}` };
      expect(digestOf(moved)).toBe(digestOf(paidFields));
      const body = bodyOf({ ...moved, sign, sign_type: 'RSA2' });
      expect([name, readNotification(body, alipayKey).kind]).toEqual([name, 'rejected']);
    }
  });

  test('in another charset is rejected', () => {
    const parsed = readNotification(signedBody({ ...paidFields, charset: 'GBK' }), alipayKey);
    expect(parsed).toEqual({ kind: 'rejected', reason: 'charset is not utf-8' });
  });

  test.each(['notify_id', 'app_id', 'seller_id', 'out_trade_no', 'trade_no', 'total_amount'])(
    'that is authentic but lacks %s is rejected',
    (name) => {
      const { [name]: _gone, ...rest } = paidFields;
      expect(readNotification(signedBody(rest), alipayKey).kind).toBe('rejected');
    },
  );

  test('is acknowledged with the word success and nothing else', () => {
    expect(acknowledgeNotification('accepted')).toMatchObject({ status: 200, body: 'success' });
    expect(acknowledgeNotification('rejected')).toMatchObject({ status: 400, body: 'fail' });
    expect(acknowledgeNotification('retryLater')).toMatchObject({ status: 500, body: 'fail' });
  });
});

function digestOf(fields: Fields): string {
  const names = Object.keys(fields).filter((name) => fields[name] !== '');
  const text = names.toSorted().map((name) => `${name}=${fields[name]}`);
  return createHash('sha256').update(text.join('&')).digest('hex');
}

describe('a trade status', () => {
  test.each([
    ['WAIT_BUYER_PAY', 'pending'],
    ['TRADE_SUCCESS', 'paid'],
    ['TRADE_FINISHED', 'paid'],
    ['TRADE_CLOSED', 'closed'],
    ['TRADE_PENDING', 'unknown'],
    ['', 'unknown'],
  ])('%j means %s', (tradeStatus, meaning) => {
    expect(meaningOfTradeStatus(tradeStatus)).toBe(meaning);
  });

  test('we have no word for is reported as they wrote it', () => {
    const words = {
      tradeStatus: 'TRADE_NEW',
      tradeNo: 'T',
      totalAmount: '1.00',
      paidAt: undefined,
      moved: [],
    };
    expect(reportOfTrade(words)).toEqual({ status: 'unknown', providerStatus: 'TRADE_NEW' });
  });

  test('of a payment gives no report when the amount is not exact fen', () => {
    for (const totalAmount of [undefined, '', '12.505', '1e3', '-1.00', '12,50', ' 12.50', 'NaN']) {
      const words = {
        tradeStatus: 'TRADE_SUCCESS',
        tradeNo: 'T',
        totalAmount,
        paidAt: undefined,
        moved: [],
      };
      expect(reportOfTrade(words)).toBeUndefined();
    }
  });

  test.each([
    ['nothing', { paidAt: undefined, moved: [undefined, undefined] }],
    ['zeros', { paidAt: '', moved: ['0.00', '0', ''] }],
  ])('that is closed with %s moved was never paid', (_, signs) => {
    const words = { tradeStatus: 'TRADE_CLOSED', tradeNo: 'T', totalAmount: '12.50', ...signs };
    expect(reportOfTrade(words)).toEqual({ status: 'closed' });
  });

  test.each([
    ['a time of payment', { paidAt: '2026-11-29 10:00:00', moved: [] }],
    ['an amount the buyer paid', { paidAt: undefined, moved: ['12.50', undefined] }],
    ['an amount that went back', { paidAt: undefined, moved: ['0.00', undefined, '12.50'] }],
  ])('that is closed with %s was paid and given back', (_, signs) => {
    const words = { tradeStatus: 'TRADE_CLOSED', tradeNo: 'T', totalAmount: '12.50', ...signs };
    expect(reportOfTrade(words)).toMatchObject({
      status: 'succeeded',
      paidMinor: 1250,
      providerTradeNo: 'T',
      isGivenBack: true,
    });
  });
});

describe('an answer', () => {
  test.each([
    ['40004', 'ACQ.TOTAL_FEE_EXCEED', 'declined'],
    ['40004', 'AQC.EXIST_FORBIDDEN_WORD', 'declined'],
    ['40004', 'ACQ.CONTEXT_INCONSISTENT', 'invalidState'],
    ['40004', 'TRADE_HAS_CLOSE', 'invalidState'],
  ])('%s %s to a create is data: %s', (code, sub_code, kind) => {
    expect(refusalOf({ code, sub_code }, createCodes)).toMatchObject({ kind, code: sub_code });
  });

  test.each([
    ['20000', 'isp.unknow-error', 'unknownOutcome'],
    ['20000', 'aop.ACQ.SYSTEM_ERROR', 'unknownOutcome'],
    ['40004', 'ACQ.SYSTEM_ERROR', 'unknownOutcome'],
    ['40004', 'AQC.SYSTEM_ERROR', 'unknownOutcome'],
    ['40004', 'ACQ.NEVER_SEEN_BEFORE', 'unknownOutcome'],
    ['99999', undefined, 'unknownOutcome'],
    ['20001', 'aop.invalid-auth-token', 'misconfigured'],
    ['40001', 'isv.missing-signature', 'misconfigured'],
    ['40002', 'isv.invalid-app-id', 'misconfigured'],
    ['40006', 'isv.insufficient-isv-permissions', 'misconfigured'],
    ['40004', 'ACQ.ACCESS_FORBIDDEN', 'misconfigured'],
    ['40005', 'isv.app-call-limited', 'retryable'],
  ])('%s %s is a fault: %s', (code, sub_code, kind) => {
    const answer = sub_code ? { code, sub_code } : { code };
    expect(() => refusalOf(answer, createCodes)).toThrow(expect.objectContaining({ kind }));
    expect(faultOfAnswer(answer, createCodes)).toMatchObject({ kind, code: sub_code ?? code });
  });

  test.each([
    ['ACQ.REASON_TRADE_REFUND_FEE_ERR', 'invalidState'],
    ['ACQ.REFUND_AMT_NOT_EQUAL_TOTAL', 'invalidState'],
    ['ACQ.TRADE_NOT_ALLOW_REFUND', 'invalidState'],
    ['ACQ.TRADE_HAS_FINISHED', 'invalidState'],
    ['ACQ.TRADE_STATUS_ERROR', 'invalidState'],
    ['ACQ.DISCORDANT_REPEAT_REQUEST', 'invalidState'],
    ['ACQ.SELLER_BALANCE_NOT_ENOUGH', 'declined'],
  ])('%s to a refund is data: %s', (sub_code, kind) => {
    const answer = { code: '40004', sub_code };
    expect(refusalOf(answer, refundCodes)).toMatchObject({ kind, code: sub_code });
  });

  test.each([
    ['ACQ.SYSTEM_ERROR', false],
    ['ACQ.NEVER_SEEN_BEFORE', true],
  ])('%s to a refund leaves its outcome unknown', (sub_code, isUndocumented) => {
    const answer = { code: '40004', sub_code };
    const fault = expect.objectContaining({ kind: 'unknownOutcome', isUndocumented });
    expect(() => refusalOf(answer, refundCodes)).toThrow(fault);
  });

  test('names its code with either prefix or none', () => {
    for (const sub_code of ['ACQ.TRADE_NOT_EXIST', 'AQC.TRADE_NOT_EXIST', 'TRADE_NOT_EXIST']) {
      expect(bareSubCode({ code: '40004', sub_code })).toBe('TRADE_NOT_EXIST');
    }
  });
});

describe("Alipay's clock", () => {
  test('is UTC+8, to the second, never later than asked', () => {
    expect(toAlipayTime(Date.parse('2025-12-31T16:00:00.999Z'))).toBe('2026-01-01 00:00:00');
  });

  test('is read back to the same second', () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const iso = fromAlipayTime(toAlipayTime(second * 1000));
        expect(iso).toBe(new Date(second * 1000).toISOString());
      }),
    );
  });

  test('has the bill of a day made by noon of the next', () => {
    expect(billDueAtMs('2026-12-31')).toBe(Date.parse('2027-01-01T04:00:00Z'));
  });

  test('says nothing when the text is no time', () => {
    for (const text of ['', 'now', '2026-01-01', '2026-13-01 00:00:00']) {
      expect(fromAlipayTime(text)).toBeUndefined();
    }
  });
});

test('loading the SDK leaves sockets as node made them: one error may end two', () => {
  expect(StrictAlipaySdk.name).toBe('StrictAlipaySdk');
  const error = new Error('closed');
  const sockets = [new Socket(), new Socket()];
  for (const socket of sockets) socket.on('error', () => {}).destroy(error);
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});
