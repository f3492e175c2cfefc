import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  // No worker: orders stay as they are written, and every request is only a request.
  world = await openWorld({
    hasWorker: false,
    limits: { failedKeysPerMinutePerAddress: 10_000, pageRequestsPerSecondPerAddress: 10_000 },
  });
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

const nasty = fc.constantFrom(
  "'; drop table orders; --",
  "' or '1'='1",
  '1; select pg_sleep(10)',
  '%_\\',
  '\\',
  '$1',
  '${7*7}',
  '{{7*7}}',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfffb',
  '\u202e\u2066',
  '\ufeff',
  '\uffff',
  '👩‍👩‍👧‍👦',
  'ﷺ'.repeat(64),
  '\r\nset-cookie: a=b',
  '<!--#exec cmd="ls"-->',
  'x'.repeat(5_000),
  '０１２３',
  '-1',
  '9'.repeat(400),
  '1e309',
  'https://shop.example/\0',
  'https://shop.example/\ud800',
  'https://[::1',
  'http://\u202eshop.example',
);
const anyText = fc.oneof(
  { weight: 3, arbitrary: nasty },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    // Halves of surrogate pairs too: JSON can spell them.
    arbitrary: fc
      .array(fc.nat({ max: 0xffff }), { maxLength: 40 })
      .map((units) => String.fromCharCode(...units)),
  },
);
const anyValue = fc.oneof(
  { weight: 6, arbitrary: anyText },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, -1, 1e21, 2 ** 53, 0.1) },
);
// `__proto__` is the one name that is refused wherever it stands.
const anyName = anyText.filter((text) => text !== '__proto__');
const anyEntries = fc.dictionary(anyName, fc.oneof(anyText, anyValue), { maxKeys: 4 });

const notAServerError = ({ status, text }: { status: number; text: string }) => {
  expect(`${status} ${text}`).toMatch(/^[234]/);
  expect(text).not.toMatch(/at .*\.ts:\d+|node_modules|syntax error|invalid byte sequence/);
};

/** A valid body with some of its fields made junk. */
function junkedOf(valid: Record<string, unknown>, fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc
    .record(fields, { requiredKeys: [] })
    .map((junk): Record<string, unknown> => ({ ...valid, ...junk }));
}

/** What is sent over a wire has no halves of surrogate pairs. */
const wellFormed = (text: string) => Buffer.from(text).toString();

let numbers = 0;

// Runs count where the junk was taken; where it was refused they are made again, some 200 requests each.
const takenRuns = { numRuns: 60 };

describe('junk in any field is refused or taken as text, and never a fault of ours', () => {
  const order = junkedOf(
    { amountMinor: 1250, currency: 'CNY', subject: 'One cup of tea' },
    {
      merchantOrderNo: anyValue,
      amountMinor: anyValue,
      currency: anyValue,
      subject: anyText,
      method: anyValue,
      expiresInSeconds: anyValue,
      returnUrl: anyText,
      metadata: fc.oneof(anyEntries, anyValue),
      extra: anyValue,
    },
  );
  const oneField = fc.oneof(
    anyText.map((subject) => ({ subject })),
    anyText.map((merchantOrderNo) => ({ merchantOrderNo })),
    anyText.map((path) => ({ returnUrl: `https://shop.example/${path}` })),
    anyEntries.map((metadata) => ({ metadata })),
    anyText.map((cart) => ({ metadata: { cart } })),
    anyName.map((name) => ({ metadata: { [name]: 'value' } })),
  );

  test('of a new order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(order, oneField), async (fields) => {
        numbers += 1;
        const body = {
          merchantOrderNo: `junk-${numbers}`,
          amountMinor: 1250,
          currency: 'CNY',
          subject: 'One cup of tea',
          ...fields,
        };
        const answer = await merchant.api('POST', '/v1/orders', {
          body,
          headers: { prefer: 'respond-async', 'idempotency-key': `junk-${numbers}` },
        });
        notAServerError(answer);
        fc.pre(answer.status === 202);
        // What is taken is given back as it was, but for the line breaks that a URL's parser drops.
        const { returnUrl: _returnUrl, ...plain } = body as Record<string, unknown>;
        expect(answer.body).toMatchObject(plain);
        const read = await merchant.api('GET', `/v1/orders/${String(answer.body['id'])}`);
        expect(read.body).toEqual(answer.body);
        const page = new URL(String(answer.body['checkoutUrl'])).pathname;
        expect((await fetch(world.url + page)).status).toBe(200);
      }),
      takenRuns,
    );
  });

  test('of a new endpoint', async () => {
    const endpoint = junkedOf(
      { url: 'https://shop.example/' },
      {
        url: fc.oneof(
          anyText,
          anyText.map((path) => `https://shop.example/${path}`),
        ),
        eventTypes: fc.oneof(anyValue, fc.array(anyText, { maxLength: 3 })),
        description: anyText,
      },
    );
    await fc.assert(
      fc.asyncProperty(endpoint, async (body) => {
        const answer = await merchant.api('POST', '/v1/endpoints', { body });
        notAServerError(answer);
        fc.pre(answer.status === 201);
        expect(answer.body).toMatchObject(body);
      }),
      takenRuns,
    );
  });

  test('of a query, a path or a header', async () => {
    const parameter = fc.constantFrom(
      '/v1/orders?status=',
      '/v1/orders?merchantOrderNo=',
      '/v1/orders?createdFrom=',
      '/v1/orders?createdBefore=',
      '/v1/orders?cursor=',
      '/v1/orders?limit=',
      '/v1/orders?',
      '/v1/orders/',
      '/v1/orders/x/',
      '/v1/endpoints?cursor=',
      '/v1/endpoints/',
      '/v1/events?after=',
      '/v1/events?types=',
      '/v1/events?limit=',
      '/pay/',
      '/problems/',
      '/docs/',
      '/providers/',
    );
    const header = fc.constantFrom('prefer', 'if-none-match', 'x-request-id', 'accept-language');
    // Headers carry bytes; fetch itself refuses what is beyond Latin-1 and line breaks.
    const headerText = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,60}$/);
    const raw = fc.constantFrom(
      '%',
      '%0',
      '%zz',
      '%00',
      '%ff%fe',
      '%c0%80',
      '%ed%a0%80',
      '+',
      '&&=',
    );
    const text = fc.oneof(
      anyText.map((value) => encodeURIComponent(wellFormed(value))),
      raw,
    );
    await fc.assert(
      fc.asyncProperty(parameter, text, header, headerText, async (path, value, name, given) => {
        notAServerError(
          await merchant.api('GET', path + value.slice(0, 4_000), { headers: { [name]: given } }),
        );
      }),
      { numRuns: 250 },
    );
  });

  test('of a body that is hardly JSON', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const text = fc.oneof(
      anyText,
      fc.json().map((json) => json.slice(0, -1)),
      fc.constantFrom(deep, `{"metadata":${deep}}`, '{"__proto__":{"x":1}}', '\ufeff{}', '{}{}'),
    );
    const path = fc.constantFrom('/v1/orders', '/v1/endpoints');
    await fc.assert(
      fc.asyncProperty(path, text, async (to, body) => {
        const answer = await merchant.api('POST', to, { body: wellFormed(body) });
        notAServerError(answer);
        expect(answer.status).toBeGreaterThanOrEqual(400);
      }),
      { numRuns: 100 },
    );
  });

  test('of a provider’s notification', async () => {
    const path = '/providers/acc_01jd3v9k7q2m5x8r4t6w0y1z3c/notifications';
    await fc.assert(
      fc.asyncProperty(anyText, async (body) => {
        const response = await fetch(world.url + path, {
          method: 'POST',
          body: wellFormed(body),
        });
        notAServerError({ status: response.status, text: await response.text() });
      }),
      { numRuns: 50 },
    );
  });
});
