import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Aes } from 'wechatpay-axios-plugin';
import { parseBill } from '../../providers/wechat-pay/bill.ts';
import { createPlatformKeys } from '../../providers/wechat-pay/certificates.ts';
import type { PlatformKeys, PlatformKeysConfig } from '../../providers/wechat-pay/certificates.ts';
import { openAccount } from '../../providers/wechat-pay/open-account.ts';
import { createCodes } from '../../providers/wechat-pay/codes.ts';
import { bareCode, faultOfError, refusalOf } from '../../providers/wechat-pay/errors.ts';
import {
  acknowledgeNotification,
  readNotification,
} from '../../providers/wechat-pay/notifications.ts';
import { checkSignature } from '../../providers/wechat-pay/signature.ts';
import type { SignedMessage } from '../../providers/wechat-pay/signature.ts';
import { makeCertificate } from '../../simulators/wechat-pay/x509.ts';
import {
  meaningOfTradeState,
  reportOfRefund,
  reportOfTransaction,
} from '../../providers/wechat-pay/status.ts';
import { plainText } from '../../providers/wechat-pay/text.ts';
import {
  billDueAtMs,
  fromBillTime,
  fromWechatTime,
  toWechatTime,
} from '../../providers/wechat-pay/time.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 2048 });
const platformKey = createPublicKey(platform.publicKey.export({ type: 'spki', format: 'pem' }));
const apiV3Key = '0123456789abcdef0123456789abcdef';
const serial = 'PUB_KEY_ID_1';
const nowMs = Date.parse('2026-01-02T03:04:05Z');

type SignOptions = { atMs?: number; serial?: string; key?: typeof platform.privateKey };

/** WeChat Pay's side of the rule, written out on its own. */
function signed(rawBody: string, options: SignOptions = {}): SignedMessage {
  const { atMs = nowMs, key = platform.privateKey } = options;
  const timestamp = String(Math.floor(atMs / 1000));
  const text = `${timestamp}\nnonce\n${rawBody}\n`;
  return {
    rawBody,
    headers: {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': 'nonce',
      'wechatpay-serial': options.serial ?? serial,
      'wechatpay-signature': sign('RSA-SHA256', Buffer.from(text), key).toString('base64'),
    },
  };
}

const keyOf = (asked: string) => (asked === serial ? platformKey : undefined);

function keysWith(overrides: Partial<PlatformKeysConfig> = {}): PlatformKeys {
  return createPlatformKeys({
    publicKeys: new Map([[serial, platformKey]]),
    apiV3Key,
    download: () => Promise.reject(new Error('nobody there')),
    now: () => nowMs,
    ...overrides,
  });
}

describe('a signature', () => {
  const message = signed('{"code_url":"weixin://x"}');

  test('of the platform, made now, is accepted', () => {
    expect(checkSignature(message, keyOf, nowMs)).toEqual({ kind: 'signed' });
  });

  test('does not cover what was changed after it', () => {
    const part = fc.constantFrom('body', 'wechatpay-nonce', 'wechatpay-signature');
    fc.assert(
      fc.property(part, fc.string(), (part, value) => {
        const before = part === 'body' ? message.rawBody : message.headers[part];
        // Base64 is read leniently: only other bytes are another signature.
        fc.pre(Buffer.compare(Buffer.from(value), Buffer.from(before ?? '')) !== 0);
        const tampered =
          part === 'body'
            ? { ...message, rawBody: value }
            : { ...message, headers: { ...message.headers, [part]: value } };
        expect(checkSignature(tampered, keyOf, nowMs).kind).toBe('unsigned');
      }),
    );
  });

  test.each([300, -300])('%d seconds away is near enough', (seconds) => {
    const other = signed('{}', { atMs: nowMs + seconds * 1000 });
    expect(checkSignature(other, keyOf, nowMs).kind).toBe('signed');
  });

  test.each([301, -301, 900, -86_400])('%d seconds away is a replay', (seconds) => {
    const other = signed('{}', { atMs: nowMs + seconds * 1000 });
    expect(checkSignature(other, keyOf, nowMs).kind).toBe('unsigned');
  });

  const nowText = String(nowMs / 1000);

  test.each(['', 'now', 'NaN', `+${nowText}`, ` ${nowText}`, `${nowText}.5`, 'Infinity'])(
    'with the timestamp %j is refused, however well it is signed',
    (timestamp) => {
      const text = `${timestamp}\nnonce\n{}\n`;
      const signature = sign('RSA-SHA256', Buffer.from(text), platform.privateKey);
      const headers = {
        'wechatpay-timestamp': timestamp,
        'wechatpay-nonce': 'nonce',
        'wechatpay-serial': serial,
        'wechatpay-signature': signature.toString('base64'),
      };
      expect(checkSignature({ headers, rawBody: '{}' }, keyOf, nowMs).kind).toBe('unsigned');
    },
  );

  test.each(Object.keys(message.headers))('without %s is none', (name) => {
    const { [name]: _gone, ...headers } = message.headers;
    expect(checkSignature({ ...message, headers }, keyOf, nowMs).kind).toBe('unsigned');
  });

  test('that is a probe is refused, even if the rest of it were genuine', () => {
    const signature = `WECHATPAY/SIGNTEST/${message.headers['wechatpay-signature']}`;
    const headers = { ...message.headers, 'wechatpay-signature': signature };
    expect(checkSignature({ ...message, headers }, keyOf, nowMs)).toEqual({
      kind: 'unsigned',
      reason: 'a probe of our verification',
    });
  });
});

describe("the platform's certificates", () => {
  const certified = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificateSerial = '5A'.padEnd(40, '7');

  function listOf({ validMs = 60_000, key = apiV3Key, named = certificateSerial } = {}): string {
    const pem = makeCertificate({
      serialNo: certificateSerial,
      privateKey: certified.privateKey,
      notBeforeMs: nowMs - 120_000,
      notAfterMs: nowMs + validMs,
    });
    const nonce = '123456789012';
    const encrypted = {
      algorithm: 'AEAD_AES_256_GCM',
      nonce,
      associated_data: 'certificate',
      ciphertext: Aes.AesGcm.encrypt(pem, key, nonce, 'certificate'),
    };
    return JSON.stringify({ data: [{ serial_no: named, encrypt_certificate: encrypted }] });
  }

  const byCertificate = { serial: certificateSerial, key: certified.privateKey };
  const message = signed('{}', byCertificate);

  test('are fetched when a serial is unknown, signed by the very one they bring', async () => {
    let downloads = 0;
    const download = async () => {
      downloads += 1;
      return signed(listOf(), byCertificate);
    };
    const keys = keysWith({ publicKeys: new Map(), download });
    await keys.prepare();
    expect(await keys.check(message)).toEqual({ kind: 'trusted' });
    expect(downloads).toBe(1);
  });

  test('are fetched once for many at a time, and at most once a minute', async () => {
    let downloads = 0;
    let atMs = nowMs;
    const download = async () => {
      downloads += 1;
      return signed('{"data":[]}');
    };
    const keys = keysWith({ download, now: () => atMs });
    const first = await Promise.all([keys.check(message), keys.check(message)]);
    expect(first.map(({ kind }) => kind)).toEqual(['refused', 'refused']);
    expect((await keys.check(message)).kind).toBe('undecided');
    expect(downloads).toBe(1);
    atMs += 60_000;
    expect((await keys.check(message)).kind).toBe('refused');
    expect(downloads).toBe(2);
  });

  test.each([
    ['that is not signed', { ...signed(listOf(), byCertificate), headers: {} }],
    ['encrypted under another key', signed(listOf({ key: apiV3Key.toUpperCase() }))],
    ['naming another serial', signed(listOf({ named: '5B'.padEnd(40, '7') }))],
    ['signed by nobody we know', signed(listOf(), { serial: 'A', key: certified.privateKey })],
    ['that is junk', signed('{"data":1}')],
  ])('are not taken from a list %s', async (_what, list) => {
    const keys = keysWith({ download: async () => list });
    expect((await keys.check(message)).kind).toBe('undecided');
  });

  test('that cannot be fetched by who has no key at all are worth another try', async () => {
    const keys = keysWith({ publicKeys: new Map() });
    await expect(keys.prepare()).rejects.toMatchObject({
      kind: 'retryable',
      code: 'NO_PLATFORM_KEY',
    });
  });

  test('are asked for again after a second where no answer came', async () => {
    let atMs = nowMs;
    const keys = keysWith({
      now: () => atMs,
      download: async () => {
        if (atMs === nowMs) throw new Error('connection lost');
        return signed(listOf(), byCertificate);
      },
    });
    expect((await keys.check(message)).kind).toBe('undecided');
    atMs += 999;
    expect((await keys.check(message)).kind).toBe('undecided');
    atMs += 1;
    expect((await keys.check(message)).kind).toBe('trusted');
  });

  test('that are no longer listed are no longer trusted', async () => {
    let atMs = nowMs;
    const lists = [signed(listOf()), signed('{"data":[]}')];
    const keys = keysWith({ download: async () => lists.shift() ?? signed(''), now: () => atMs });
    expect((await keys.check(message)).kind).toBe('trusted');
    atMs += 60_000;
    await keys.check(signed('{}', { serial: 'other' }));
    expect((await keys.check(message)).kind).toBe('undecided');
  });

  test('that have expired are not taken', async () => {
    const list = signed(listOf({ validMs: -1000 }));
    const keys = keysWith({ download: async () => list });
    expect((await keys.check(message)).kind).toBe('refused');
  });

  test('do not bring public keys: nothing is fetched for one', async () => {
    let downloads = 0;
    const download = async () => {
      downloads += 1;
      return signed(listOf());
    };
    const keys = keysWith({ download });
    const other = signed('{}', { serial: 'PUB_KEY_ID_2' });
    expect((await keys.check(other)).kind).toBe('undecided');
    expect(downloads).toBe(0);
  });
});

describe('a notification', () => {
  const transaction = {
    appid: 'wx1',
    mchid: '1900000001',
    out_trade_no: 'order1',
    transaction_id: '4200001',
    trade_state: 'SUCCESS',
    success_time: '2026-01-02T11:04:05+08:00',
    amount: { total: 1250, payer_total: 1000, currency: 'CNY', payer_currency: 'CNY' },
  };
  const refund = {
    mchid: '1900000001',
    out_trade_no: 'order1',
    transaction_id: '4200001',
    out_refund_no: 'refund1',
    refund_id: '5030001',
    refund_status: 'SUCCESS',
    amount: { total: 1250, refund: 250, payer_total: 1250, payer_refund: 250 },
  };

  function envelope(type: string, content: unknown, key = apiV3Key): string {
    const nonce = '123456789012';
    const ciphertext = Aes.AesGcm.encrypt(JSON.stringify(content), key, nonce, 'x');
    const resource = { algorithm: 'AEAD_AES_256_GCM', ciphertext, associated_data: 'x', nonce };
    return JSON.stringify({ id: 'n1', event_type: type, resource });
  }

  const reading = (message: SignedMessage, keys = keysWith()) =>
    readNotification(message, { keys, apiV3Key, appId: 'wx1' });

  test('of a payment is read with the amount of the order, not what the payer paid of it', async () => {
    expect(await reading(signed(envelope('TRANSACTION.SUCCESS', transaction)))).toEqual({
      kind: 'verified',
      events: [
        {
          notificationId: 'n1',
          binding: {
            appId: 'wx1',
            sellerId: '1900000001',
            outTradeNo: 'order1',
            providerTradeNo: '4200001',
          },
          news: {
            kind: 'payment',
            report: {
              status: 'succeeded',
              paidMinor: 1250,
              currency: 'CNY',
              providerTradeNo: '4200001',
              paidAt: '2026-01-02T03:04:05.000Z',
            },
          },
        },
      ],
    });
  });

  test.each(['REFUND.SUCCESS', 'REFUND.ABNORMAL', 'REFUND.CLOSED'])(
    '%s is news of the refund and never of a payment',
    async (type) => {
      expect(await reading(signed(envelope(type, refund)))).toMatchObject({
        kind: 'verified',
        events: [
          {
            binding: { appId: 'wx1', sellerId: '1900000001', outTradeNo: 'order1' },
            news: { kind: 'refund', refundNo: 'refund1', providerRefundNo: '5030001' },
          },
        ],
      });
    },
  );

  test('of another product is acknowledged and means nothing', async () => {
    const parsed = await reading(signed(envelope('PAYSCORE.USER_OPEN_SERVICE', {})));
    expect(parsed).toEqual({ kind: 'verified', events: [] });
  });

  test('encrypted under another key is rejected', async () => {
    const body = envelope('TRANSACTION.SUCCESS', transaction, apiV3Key.toUpperCase());
    expect(await reading(signed(body))).toMatchObject({ kind: 'rejected' });
  });

  test.each(['appid', 'mchid', 'out_trade_no', 'transaction_id', 'amount', 'trade_state'])(
    'of a payment that lacks %s is rejected',
    async (name) => {
      const content = { ...transaction, [name]: undefined };
      const parsed = await reading(signed(envelope('TRANSACTION.SUCCESS', content)));
      expect(parsed.kind).toBe('rejected');
    },
  );

  test('whose key cannot be fetched now is to be sent again', async () => {
    const message = signed(envelope('TRANSACTION.SUCCESS', transaction), { serial: 'AB12' });
    expect(await reading(message)).toMatchObject({ kind: 'retryLater' });
  });

  test('never makes the reader throw', async () => {
    const junk = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    await fc.assert(
      fc.asyncProperty(junk, fc.boolean(), async (rawBody, isSigned) => {
        const message = isSigned ? signed(rawBody) : { rawBody, headers: {} };
        expect((await reading(message)).kind).toBe('rejected');
      }),
    );
    const content = fc.dictionary(fc.constantFrom(...Object.keys(transaction)), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(content, async (content) => {
        const parsed = await reading(signed(envelope('TRANSACTION.SUCCESS', content)));
        expect(['rejected', 'verified']).toContain(parsed.kind);
      }),
    );
  });

  test('is acknowledged in their dialect', () => {
    expect(acknowledgeNotification('accepted')).toMatchObject({ status: 204, body: '' });
    const rejected = acknowledgeNotification('rejected');
    expect(rejected).toMatchObject({ status: 401, contentType: 'application/json' });
    expect(JSON.parse(rejected.body)).toMatchObject({ code: 'FAIL' });
    const later = acknowledgeNotification('retryLater');
    expect(later.status).toBe(500);
    expect(JSON.parse(later.body)).toMatchObject({ code: 'FAIL' });
  });
});

describe('a trade state', () => {
  test.each([
    ['SUCCESS', 'paid'],
    ['REFUND', 'paid'],
    ['NOTPAY', 'pending'],
    ['USERPAYING', 'pending'],
    ['ACCEPT', 'pending'],
    ['PAYERROR', 'pending'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'closed'],
    ['success', 'unknown'],
    ['', 'unknown'],
  ])('%j means %s', (state, meaning) => {
    expect(meaningOfTradeState(state)).toBe(meaning);
  });

  test('of any text has a meaning', () => {
    const meanings = ['pending', 'paid', 'closed', 'unknown'];
    fc.assert(
      fc.property(fc.string(), (state) => {
        expect(meanings).toContain(meaningOfTradeState(state));
      }),
    );
  });

  test.each(['CLOSED', 'REVOKED'])('%s of what was paid is money that went back', (state) => {
    const words = {
      appid: 'a',
      mchid: 'm',
      out_trade_no: 'o',
      trade_state: state,
      transaction_id: 'T',
      amount: { total: 1250, currency: 'CNY' },
    };
    expect(reportOfTransaction(words)).toEqual({ status: 'closed' });
    const paid = { ...words, success_time: '2026-11-29T10:00:00+08:00' };
    expect(reportOfTransaction(paid)).toMatchObject({
      status: 'succeeded',
      paidMinor: 1250,
      providerTradeNo: 'T',
      isGivenBack: true,
    });
  });

  test('we have no word for is reported as they wrote it', () => {
    const words = { appid: 'a', mchid: 'm', out_trade_no: 'o', trade_state: 'NEW' };
    expect(reportOfTransaction(words)).toEqual({ status: 'unknown', providerStatus: 'NEW' });
    expect(reportOfTransaction({ ...words, trade_state: 'SUCCESS' })).toBeUndefined();
  });
});

test.each([
  ['PROCESSING', { status: 'pending' }],
  ['ABNORMAL', { status: 'needs_attention', code: 'ABNORMAL', providerRefundNo: 'R' }],
  ['CLOSED', { status: 'failed', code: 'CLOSED', providerRefundNo: 'R' }],
  ['ODD', { status: 'unknown', providerStatus: 'ODD' }],
  [
    'SUCCESS',
    {
      status: 'succeeded',
      refundedMinor: 250,
      currency: 'CNY',
      providerRefundNo: 'R',
      refundedAt: '2026-01-02T03:04:05.000Z',
    },
  ],
])('a refund that is %s is reported as such', (status, report) => {
  const refund = {
    refund_id: 'R',
    out_refund_no: 'r',
    out_trade_no: 'o',
    status,
    success_time: '2026-01-02T11:04:05+08:00',
    amount: { refund: 250, currency: 'CNY' },
  };
  expect(reportOfRefund(refund)).toEqual(report);
});

describe('an error', () => {
  test.each([
    [403, 'NOT_ENOUGH', 'declined'],
    [403, 'NOTENOUGH', 'declined'],
    [403, 'ACCOUNT_ERROR', 'declined'],
    [403, 'USER_ACCOUNT_ABNORMAL', 'declined'],
    [400, 'ORDER_CLOSED', 'invalidState'],
    [400, 'ORDERCLOSED', 'invalidState'],
    [403, 'OUT_TRADE_NO_USED', 'invalidState'],
    [403, 'TRADE_ERROR', 'invalidState'],
    [400, 'ORDERPAID', 'invalidState'],
    [400, 'INVALID_REQUEST', 'invalidState'],
    [500, 'OPENID_MISMATCH', 'declined'],
    [400, 'PARAM_ERROR', 'declined'],
  ])('%d %s to a create or refund is data: %s', (status, code, kind) => {
    expect(refusalOf({ status, code, message: '' }, createCodes)).toMatchObject({ kind, code });
  });

  test.each([
    [500, 'SYSTEM_ERROR', 'unknownOutcome'],
    [500, 'SYSTEMERROR', 'unknownOutcome'],
    [502, 'NEVER_SEEN_BEFORE', 'unknownOutcome'],
    [429, 'NEVER_SEEN_BEFORE', 'retryable'],
    [400, 'NEVER_SEEN_BEFORE', 'unknownOutcome'],
    [401, 'SIGN_ERROR', 'misconfigured'],
    [403, 'NO_AUTH', 'misconfigured'],
    [403, 'NOAUTH', 'misconfigured'],
    [400, 'MCH_NOT_EXISTS', 'misconfigured'],
    [400, 'APPID_MCHID_NOT_MATCH', 'misconfigured'],
    [429, 'FREQUENCY_LIMITED', 'retryable'],
    [429, 'FREQUENCYLIMITED', 'retryable'],
    [403, 'RULE_LIMIT', 'retryable'],
  ])('%d %s is a fault: %s', (status, code, kind) => {
    const error = { status, code, message: '' };
    expect(() => refusalOf(error, createCodes)).toThrow(expect.objectContaining({ kind }));
    expect(faultOfError(error, createCodes)).toMatchObject({ kind, code });
  });

  test('has one name in both spellings', () => {
    expect(bareCode({ code: 'ORDER_NOT_EXIST' })).toBe(bareCode({ code: 'ORDERNOTEXIST' }));
  });
});

describe('a bill', () => {
  const heading =
    '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
  const totalsHeading =
    '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
  const common = '`2026-01-02 11:04:05,`wx1,`1900000001,`0,`,`4200001,`order1,`open,`NATIVE';

  const paidLine = (subject: string, total = '12.50', fee = '0.08000') =>
    `${common},\`SUCCESS,\`OTHERS,\`CNY,\`10.00,\`2.50,\`0,\`0,\`0.00,\`0.00,\`,\`,\`${subject},\`,\`${fee},\`0.60%,\`${total},\`0.00,\``;
  const refundLine = (status: string) =>
    `${common},\`REFUND,\`OTHERS,\`CNY,\`0.00,\`0.00,\`5030001,\`refund1,\`2.00,\`0.00,\`ORIGINAL,\`${status},\`tea,\`,\`-0.01000,\`0.60%,\`0.00,\`2.50,\``;
  const billOf = (lines: string[], count = lines.length) =>
    [heading, ...lines, totalsHeading, `\`${count},\`1,\`1,\`0,\`0,\`1,\`1`, ''].join('\r\n');
  const parse = (text: string) => parseBill(text, { mchId: '1900000001' });

  test('lists payments by what the order was for and refunds by what was asked for', () => {
    const base = {
      outTradeNo: 'order1',
      providerTradeNo: '4200001',
      currency: 'CNY',
      at: '2026-01-02T03:04:05.000Z',
    };
    expect(parse(`\uFEFF${billOf([paidLine('tea'), refundLine('SUCCESS')])}`)).toEqual([
      { kind: 'payment', ...base, amountMinor: 1250, feeMinor: 8 },
      {
        kind: 'refund',
        ...base,
        amountMinor: 250,
        feeMinor: -1,
        refundNo: 'refund1',
        providerRefundNo: '5030001',
      },
    ]);
  });

  test('counts a refund under way as given back, and not one that failed', () => {
    expect(parse(billOf([refundLine('PROCESSING')]))).toHaveLength(1);
    expect(parse(billOf([refundLine('FAIL'), refundLine('CHANGE')]))).toEqual([]);
  });

  test('is read the same whatever the subject is, commas and backticks too', () => {
    const subject = fc.stringMatching(/^[^\r\n\u0085\u2028\u2029]*$/);
    fc.assert(
      fc.property(fc.oneof(subject, fc.constant('a,`b,`c')), (subject) => {
        expect(parse(billOf([paidLine(subject)]))).toEqual(parse(billOf([paidLine('tea')])));
      }),
    );
  });

  test('reads every amount back to the fen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000_00 }), (fen) => {
        const yuan = (fen / 100).toFixed(2);
        expect(parse(billOf([paidLine('tea', yuan)]))?.[0]).toMatchObject({ amountMinor: fen });
      }),
    );
  });

  test.each([
    ['0.00000', 0],
    ['0.06000', 6],
    ['1', 100],
    ['-0.06000', -6],
    ['-0.00000', 0],
    ['0.00600', null],
    ['', null],
  ])('with the fee %j says %s', (fee, feeMinor) => {
    expect(parse(billOf([paidLine('tea', '12.50', fee)]))?.[0]).toMatchObject({ feeMinor });
  });

  test.each([
    ['that lost a line', billOf([paidLine('tea')], 2)],
    ['that ends too early', heading],
    ['with nothing in it', ''],
    ['of another merchant', billOf([paidLine('tea').replace('1900000001', '1900000002')])],
  ])('%s is none', (_what, text) => {
    expect(parse(text)).toBeUndefined();
  });

  test.each([
    ['that is torn', paidLine('tea').slice(0, 120)],
    ['with an amount that is none', paidLine('tea', '12.505')],
    ['with a state we do not know', paidLine('tea').replace('SUCCESS', 'ODD')],
  ])('with a line %s has it reported, and its neighbours read', (_what, line) => {
    expect(parse(billOf([line, paidLine('tea')]))).toMatchObject([
      { kind: 'unreadable', reason: expect.any(String) },
      { kind: 'payment', amountMinor: 1250 },
    ]);
  });
});

describe("WeChat's clock", () => {
  test('is UTC+8, to the second, never later than asked', () => {
    expect(toWechatTime(Date.parse('2025-12-31T16:00:00.999Z'))).toBe('2026-01-01T00:00:00+08:00');
  });

  test('is read back to the same second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (second) => {
        const text = toWechatTime(second * 1000);
        const iso = new Date(second * 1000).toISOString();
        expect(fromWechatTime(text)).toBe(iso);
        expect(fromBillTime(text.slice(0, 19).replace('T', ' '))).toBe(iso);
      }),
    );
  });

  test('says nothing when the text is no time', () => {
    for (const text of ['', 'now', '2026-01-01', '2026-13-01T00:00:00+08:00']) {
      expect(fromWechatTime(text)).toBeUndefined();
      expect(fromBillTime(text)).toBeUndefined();
    }
  });

  test('makes the bill of a day by ten of the next', () => {
    expect(new Date(billDueAtMs('2026-01-01')).toISOString()).toBe('2026-01-02T02:00:00.000Z');
  });
});

test('a text is cut between characters, and holds no line breaks', () => {
  expect(plainText('茶茶茶', { maxBytes: 8 })).toBe('茶茶');
  expect(plainText('a\r\nb', { maxBytes: 80 })).toBe('a  b');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(200), (text, maxBytes) => {
      const plain = plainText(text, { maxBytes });
      expect(Buffer.byteLength(plain)).toBeLessThanOrEqual(maxBytes);
      expect(plain).not.toMatch(/[\r\n]/);
    }),
  );
});

test('an account that cannot be read is refused when it is made', () => {
  const words = {
    settings: { apiUrl: 'http://x', appId: 'wx1', mchId: '1', serialNo: 'A' },
    credentials: {
      privateKey: platform.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      apiV3Key,
    },
  };
  expect(openAccount(words).expectedBinding({ outTradeNo: 'o' })).toEqual({
    appId: 'wx1',
    sellerId: '1',
    outTradeNo: 'o',
  });
  const { settings, credentials } = words;
  const bad = [
    { settings, credentials: { ...credentials, apiV3Key: 'short' } },
    { settings, credentials: { ...credentials, privateKey: 'junk' } },
    { settings: { ...settings, wechatPayPublicKeys: 'junk' }, credentials },
    { settings: { ...settings, wechatPayPublicKeys: '{"PUB_KEY_ID_1":"junk"}' }, credentials },
  ];
  for (const account of bad) expect(() => openAccount(account)).toThrow(/./);
});
