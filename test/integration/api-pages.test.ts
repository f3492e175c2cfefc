import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../config/limits.ts';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { problemTypes } from '../../api/problems.ts';
import { endpointSchema } from '../../api/endpoints/endpoint-schema.ts';
import { feedEventSchema } from '../../api/events/event-envelopes.ts';
import { orderSchema } from '../../api/schemas.ts';
import { apiClient } from '../support/api-client.ts';
import type { ApiClient } from '../support/api-client.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { newSigningMerchant } from '../support/signing-merchant.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
/** Somebody without a key: a payer, a reader of the documentation. */
let stranger: ApiClient;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
  stranger = apiClient({ url: world.url });
});
afterAll(() => world.close());

const pathOf = ({ checkoutUrl }: OrderBody) => new URL(checkoutUrl).pathname;

describe('the checkout page', () => {
  test('shows the amount, the order and the code, with nothing loaded from elsewhere', async () => {
    const order = await openOrder(merchant, { subject: 'One cup of tea' });
    const { status, text, headers } = await stranger('GET', pathOf(order));
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i);
    expect(text).toMatch(/^<!doctype html>/i);
    expect(text).toContain('<html lang="en">');
    expect(text).toContain('CNY 12.50');
    expect(text).toContain('One cup of tea');
    expect(text).toContain(order.merchantOrderNo);
    expect(text).toContain('Scan with Alipay to pay');
    expect(text).toContain('<svg');
    expect(text).toContain('data-state="pending alipay.qr"');
    expect(text).toContain(`data-expires="${order.expiresAt}"`);
    expect(text).toContain(`href="${order.nextAction?.content}"`);
    expect(text).not.toMatch(/(src|@import|url\()\s*=?\s*["']?https?:/);
  });

  test.each([
    ['', 'en', 'Scan with Alipay to pay'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN', '请使用支付宝扫码付款'],
    ['en-US,en;q=0.9', 'en', 'Scan with Alipay to pay'],
    ['fr-FR', 'en', 'Scan with Alipay to pay'],
    ['fr-FR,zh;q=0.5', 'zh-CN', '请使用支付宝扫码付款'],
  ])('speaks to a browser that accepts %j in %s', async (accepted, lang, words) => {
    const order = await openOrder(merchant);
    const { text } = await stranger('GET', pathOf(order), {
      headers: { 'accept-language': accepted },
    });
    expect(text).toContain(`<html lang="${lang}">`);
    expect(text).toContain(words);
  });

  test('speaks the language that is asked for, and offers the other', async () => {
    const order = await openOrder(merchant);
    const zh = await stranger('GET', `${pathOf(order)}?lang=zh`);
    expect(zh.text).toContain('<html lang="zh-CN">');
    expect(zh.text).toContain('href="?lang=en"');
    const en = await stranger('GET', `${pathOf(order)}?lang=en`, {
      headers: { 'accept-language': 'zh' },
    });
    expect(en.text).toContain('<html lang="en">');
    expect(en.text).toContain('href="?lang=zh"');
  });

  test('runs its own script only, by a nonce that is never the same', async () => {
    const order = await openOrder(merchant);
    const nonces = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { text, headers } = await stranger('GET', pathOf(order));
      const policy = headers.get('content-security-policy') ?? '';
      const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
      expect(Buffer.from(nonce, 'base64').length).toBeGreaterThanOrEqual(16);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).not.toContain('unsafe');
      const tags = [...text.matchAll(/<(script|style)\b[^>]*>/g)].map(([tag]) => tag);
      expect(tags.length).toBeGreaterThanOrEqual(3);
      for (const tag of tags) expect(tag).toContain(`nonce="${nonce}"`);
      expect(text).not.toMatch(/\son\w+\s*=/i);
      nonces.add(nonce);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(nonces.size).toBe(3);
  });

  test.each([
    '<script>alert(1)</script>',
    '</h1><img src=x onerror=alert(1)>',
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></script><!--',
    '&lt;b&gt; ${alert(1)} {{7*7}}',
  ])('shows the subject %s as text', async (subject) => {
    const order = await openOrder(merchant, {
      subject,
      merchantOrderNo: `${Date.now()}${subject}`,
    });
    const { status, text } = await stranger('GET', pathOf(order));
    expect(status).toBe(200);
    expect(text).not.toContain(subject);
    expect(text).not.toMatch(/<(img|svg)[^>]*\son/i);
    const shown = /<h1>(.*?)<\/h1>/s.exec(text)?.[1] ?? '';
    expect(shown).not.toMatch(/[<>"']/);
    expect(decodeEntities(shown)).toBe(subject);
  });

  test('says that it is paid, and leads back to the merchant', async () => {
    const order = await openOrder(merchant, { returnUrl: 'https://shop.example/?a="><b>&c=1' });
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    const { text } = await stranger('GET', `${pathOf(order)}?lang=zh`);
    expect(text).toContain('支付成功');
    expect(text).toContain('data-state="paid"');
    expect(text).not.toContain('扫码');
    expect(text).not.toContain('"><b>');
    expect(decodeEntities(text)).toContain('href="https://shop.example/?a="><b>&c=1"');
  });

  test('says that it is closed, failed, in review or being prepared', async () => {
    const closed = await openOrder(merchant);
    await merchant.api('POST', `/v1/orders/${closed.id}/cancel`);
    expect((await stranger('GET', pathOf(closed))).text).toContain('This order is closed');
    const failed = await openOrder(merchant, { amountMinor: 10_000_000_001 });
    expect((await stranger('GET', pathOf(failed))).text).toContain('could not be opened');
    const signing = await newSigningMerchant(world);
    const order = await signing.openOrder();
    expect((await stranger('GET', pathOf(order))).text).toContain('data-state="preparing"');
    await signing.post(signing.signedBody(signing.paidFields(order, { total_amount: '0.01' })));
    await orderBecomes(signing, order, 'review');
    expect((await stranger('GET', pathOf(order))).text).toContain('Please do not pay again');
  });

  test.each(['x', 'a%00b', '%ff', '..%2f..%2fetc%2fpasswd', 'AAAAAAAAAAAAAAAAAAAAAA'])(
    'of the token %s does not exist',
    async (token) => {
      for (const path of [`/pay/${token}`, `/pay/${token}/stream`]) {
        expect((await stranger('GET', path)).status).toBe(404);
      }
    },
  );

  test('is not found by the id of its order', async () => {
    const order = await openOrder(merchant);
    expect((await stranger('GET', `/pay/${order.id}`)).status).toBe(404);
  });

  test('hears of the payment by its stream, which then ends', async () => {
    const order = await openOrder(merchant);
    const stream = await openStream(`${world.url}${pathOf(order)}/stream`);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await stream.hears('pending alipay.qr');
    await payAtProvider(world, merchant, order);
    await stream.hears('paid');
    await stream.ends();
    expect(stream.states()).toEqual(['pending alipay.qr', 'paid']);
  });

  test('opened after the end hears of it at once', async () => {
    const order = await openOrder(merchant);
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    const stream = await openStream(`${world.url}${pathOf(order)}/stream`);
    await stream.ends();
    expect(stream.states()).toEqual(['closed']);
  });
});

/** Reads a stream of events in the background, as a browser would. */
async function openStream(url: string) {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  let text = '';
  let isOver = false;
  const reading = (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    isOver = true;
  })();
  const states = () => [...text.matchAll(/^event: state\ndata: (.+)$/gm)].map(([, state]) => state);
  return {
    headers: response.headers,
    states,
    hears: (state: string) => until(`the state ${state}`, () => states().includes(state)),
    ends: async () => {
      await until('the end of the stream', () => isOver);
      await reading;
    },
  };
}

function decodeEntities(html: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return html.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name?: string) =>
    code === undefined ? (named[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

type Schema = {
  $ref?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  nullable?: unknown;
};
type Operation = {
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description?: string; $ref?: string }>;
};
type Description = {
  openapi: string;
  info: { title: string; version: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    securitySchemes: Record<string, { type: string; scheme: string }>;
  };
};

const describeApi = async () => (await stranger<Description>('GET', '/openapi.json')).body;

const operationsOf = ({ paths }: Description) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Public keys are for everybody who gets a delivery. */
const isPublic = (path: string) => path === '/.well-known/jwks.json';

describe('the description of the API', () => {
  test('is OpenAPI 3.1 with an address, and documents every route of the API', async () => {
    const description = await describeApi();
    expect(description.openapi).toMatch(/^3\.1\.\d+$/);
    expect(description.info).toMatchObject({ title: 'Tender', version: expect.any(String) });
    expect(description.servers).toEqual([{ url: world.url }]);
    const documented = operationsOf(description)
      .filter(({ path }) => path.startsWith('/v1/'))
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const { routes } = createApp({ publicUrl: world.url, limits: defaultLimits } as ApiDeps);
    const served = routes
      .filter(({ path, method }) => path.startsWith('/v1/') && method !== 'ALL')
      .map(({ path, method }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(served.length).toBeGreaterThanOrEqual(8);
    expect(documented.toSorted()).toEqual([...new Set(served)].toSorted());
  });

  test('says of every operation what it takes, what it answers, and that it needs a key', async () => {
    const description = await describeApi();
    const tags = description.tags.map(({ name }) => name);
    for (const { path, operation } of operationsOf(description)) {
      const { summary, security, parameters = [], requestBody, responses } = operation;
      expect(summary).toMatch(/\S/);
      expect(tags).toEqual(expect.arrayContaining(operation.tags ?? ['none']));
      expect(security ?? 'none').toEqual(isPublic(path) ? 'none' : [{ apiKey: [] }]);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = parameters.filter((each) => each.in === 'path');
      expect(declared.map((each) => each.name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      const due = isPublic(path) ? [] : ['401'];
      if (parameters.length > 0 || requestBody) due.push('400');
      if (inPath.length > 0) due.push('404');
      if (requestBody) due.push('413', '415');
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(due));
      const taken = Object.keys(requestBody?.content ?? { 'application/json': {} });
      expect(taken[0]).toBe('application/json');
      // Only what is published may come in other formats.
      expect(taken.length === 1 || path === '/v1/events').toBe(true);
      const isSaid = Object.values(responses).map(({ description: words, $ref }) =>
        /\S/.test(words ?? $ref ?? ''),
      );
      expect(isSaid).not.toContain(false);
    }
    expect(description.components.securitySchemes).toMatchObject({
      apiKey: { type: 'http', scheme: 'bearer' },
    });
  });

  test('refers to nothing that is not there, and requires only what it names', async () => {
    const description = await describeApi();
    const schemas: Schema[] = [];
    visit(description, (node) => schemas.push(node));
    const names = Object.entries(description.components).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `#/components/${kind}/${name}`),
    );
    const references = schemas.flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect(references.length).toBeGreaterThan(20);
    expect(names).toEqual(expect.arrayContaining(references));
    for (const { required, properties } of schemas) {
      const needed = Array.isArray(required) && properties ? required : [];
      expect(Object.keys(properties ?? {})).toEqual(expect.arrayContaining(needed));
    }
    // A word of OpenAPI 3.0; 3.1 says `type: [..., "null"]`.
    expect(schemas.filter(({ nullable }) => nullable !== undefined)).toEqual([]);
  });

  test('is kept: answers are what it says, to the last field', async () => {
    const order = await openOrder(merchant);
    expect(orderSchema.strict().safeParse(order).error).toBeUndefined();
    const endpoint = await merchant.api('POST', '/v1/endpoints', {
      body: { url: 'https://shop.example/' },
    });
    const { secret: _secret, ...shown } = endpoint.body as { secret: string };
    expect(endpointSchema.strict().safeParse(shown).error).toBeUndefined();
    const event = await until('an event', async () => {
      const { body } = await merchant.api<{ data: unknown[] }>('GET', '/v1/events');
      return body.data[0];
    });
    expect(feedEventSchema.strict().safeParse(event).error).toBeUndefined();
  });
});

function visit(node: unknown, see: (node: Record<string, unknown>) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) see(node as Record<string, unknown>);
  for (const child of Object.values(node)) visit(child, see);
}

describe('pages for people', () => {
  test('there is one for every problem, and it says what to do', async () => {
    const index = await stranger('GET', '/problems');
    expect(index.status).toBe(200);
    for (const [slug, { title, status: problemStatus }] of Object.entries(problemTypes)) {
      const { status, text } = await stranger('GET', `/problems/${slug}`);
      expect(`${slug} ${status}`).toBe(`${slug} 200`);
      expect(text).toContain(title);
      expect(text).toContain(`HTTP ${problemStatus}`);
      expect(index.text).toContain(`href="/problems/${slug}"`);
    }
    for (const slug of ['nothing', 'toString', '__proto__']) {
      expect((await stranger('GET', `/problems/${slug}`)).status).toBe(404);
    }
  });

  test('the type of every problem leads to its page', async () => {
    const order = await openOrder(merchant);
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    const taken = { ...order, subject: 'Another' };
    const problems = await Promise.all([
      stranger('GET', '/v1/orders'),
      stranger('GET', '/nowhere'),
      merchant.api('GET', '/v1/orders?limit=0'),
      merchant.api('POST', '/v1/orders', { body: '{' }),
      merchant.api('POST', '/v1/orders', { body: 'a', headers: { 'content-type': 'text/plain' } }),
      merchant.api('POST', '/v1/orders', { body: 'x'.repeat(70_000) }),
      merchant.api('POST', '/v1/orders', {
        body: {
          merchantOrderNo: taken.merchantOrderNo,
          amountMinor: 1,
          currency: 'CNY',
          subject: 'Another',
        },
      }),
      merchant.api('POST', '/v1/endpoints', { body: { url: 'nonsense' } }),
    ]);
    for (const { status, body, headers } of problems) {
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(body).toMatchObject({
        status,
        title: expect.stringMatching(/\S/),
        detail: expect.stringMatching(/\S/),
        instance: headers.get('x-request-id'),
      });
      const type = new URL(String(body['type']));
      expect(type.origin).toBe(world.url);
      expect((await stranger('GET', type.pathname)).status).toBe(200);
    }
    const types = problems.map(({ body }) => body['type']);
    expect(new Set(types).size).toBe(problems.length);
  });

  test('the reference loads what it needs from here', async () => {
    const { status, text, headers } = await stranger('GET', '/docs');
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    const assets = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const path of assets) {
      const asset = await stranger('GET', path);
      expect(`${path} ${asset.status}`).toBe(`${path} 200`);
      expect(asset.headers.get('content-type')).toMatch(
        path.endsWith('.css') ? /^text\/css/ : /^text\/javascript/,
      );
      expect(asset.text.length).toBeGreaterThan(50);
    }
  });

  test.each([
    '/docs/package.json',
    '/docs/..%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '/docs/x',
  ])('%s is no file of the reference', async (path) => {
    expect((await stranger('GET', path)).status).toBe(404);
  });

  test('the front page leads to them', async () => {
    const { status, text } = await stranger('GET', '/');
    expect(status).toBe(200);
    for (const path of ['/docs', '/openapi.json', '/problems']) {
      expect(text).toContain(`href="${path}"`);
    }
  });
});

test('probes are told that the process is up and ready', async () => {
  expect((await stranger('GET', '/healthz')).body).toEqual({ status: 'up' });
  const readiness = await until('all at work', async () => {
    const { body } = await stranger<{ status: string }>('GET', '/readyz');
    return body.status === 'ready' && body;
  });
  const names = [
    ...['database', 'temporal'],
    ...['workflow tasks of tender', 'activities of tender', 'activities of tender-receivers'],
    ...['sweep', 'schedules', 'dispatch/0'],
  ];
  expect(readiness).toEqual({
    status: 'ready',
    checks: names.map((name) => ({ name, status: 'up' })),
  });
});
