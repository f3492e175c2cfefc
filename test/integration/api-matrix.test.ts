import { and, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowedMethods } from '../../api/allowed-methods.ts';
import { idempotencyAnswers, idempotencyKeys } from '../../db/schema/index.ts';
import { apiClient } from '../support/api-client.ts';
import { acquaint } from '../support/conversations.ts';
import { describedApi, judgeBy, routesOnly } from '../support/described.ts';
import { keptLog } from '../support/log-lines.ts';
import { openOrder } from '../support/orders.ts';
import { postScenes } from '../support/post-scenes.ts';
import type { PostRequest, PostScenes } from '../support/post-scenes.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

/** Every route that the app has, and every operation that its document has: a new one is in here by itself. */
const app = routesOnly();
const routes = app.routes.filter(({ method }) => method !== 'ALL');
const description = describedApi();
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const isOf = (wanted: string) => (each: { method: string }) => each.method === wanted;
const posts = operations
  .filter(({ path, method }) => method === 'post' && path.startsWith('/v1/'))
  .map(({ operation }) => operation.operationId!);
const judge = judgeBy(description);

const unlimited = 1_000_000;
const { logger, lines } = keptLog({ level: 'debug' });
const secretsInPaths: string[] = [];

let world: World;
let merchant: TestMerchant;
let other: TestMerchant;
let scenes: PostScenes;
/** What stands for each parameter of a path. */
let parameters: Record<string, string>;
let pageHeaders: Record<string, string>;
beforeAll(async () => {
  world = await openWorld({
    logger,
    limits: {
      requestsPerSecondPerKey: unlimited,
      pageRequestsPerSecondPerAddress: unlimited,
      failedKeysPerMinutePerAddress: unlimited,
    },
  });
  merchant = await world.newMerchant(['alipay', 'stripe']);
  other = await world.newMerchant([]);
  await acquaint(merchant, other);
  scenes = postScenes(world, { merchant, other });
  const order = await openOrder(merchant, { methods: ['alipay.qr'] });
  const endpoint = await merchant.api<{ id: string }>('POST', '/v1/endpoints', {
    body: { url: 'http://127.0.0.1:9/hook', eventTypes: ['a.b'] },
  });
  const link = await merchant.api<{ url: string }>('POST', '/v1/portal-links', { body: {} });
  const entered = await fetch(link.body.url, { redirect: 'manual' });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  const checkoutToken = order.checkoutUrl.split('/').at(-1)!;
  const portalToken = link.body.url.split('/').at(-1)!;
  secretsInPaths.push(checkoutToken, portalToken);
  pageHeaders = { cookie, 'sec-fetch-site': 'same-origin' };
  parameters = {
    orderId: order.id,
    endpointId: endpoint.body.id,
    id: endpoint.body.id,
    accountId: merchant.accounts[0]!.accountId,
    merchantId: other.merchantId,
    name: 'own.type',
    participant: merchant.merchantId,
    token: checkoutToken,
    refundId: 're_01jd3v9k7q2m5x8r4t6w0y1z3c',
    eventId: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c',
    replayId: 'rpl_01jd3v9k7q2m5x8r4t6w0y1z3c',
    topicId: 'top_01jd3v9k7q2m5x8r4t6w0y1z3c',
    messageId: 'msg_01jd3v9k7q2m5x8r4t6w0y1z3c',
    slug: 'not-found',
    sessionId: 'ses_01jd3v9k7q2m5x8r4t6w0y1z3c',
    asset: 'swagger-ui.css',
    portalLinkId: 'plk_01jd3v9k7q2m5x8r4t6w0y1z3c',
    differenceId: 'dif_01jd3v9k7q2m5x8r4t6w0y1z3c',
    reconciliationId: 'rec_01jd3v9k7q2m5x8r4t6w0y1z3c',
  };
});
afterAll(() => world.close());

const isPortalEntry = (path: string) => path.startsWith('/portal/enter/');

/** A path of the route table or of the document with something in each place. */
function filled(path: string): string {
  const token = secretsInPaths[isPortalEntry(path) ? 1 : 0]!;
  return path.replaceAll(/:(\w+)|\{(\w+)\}/g, (_, inTable?: string, inDocument?: string) => {
    const name = inTable ?? inDocument ?? '';
    const value = name === 'token' ? token : parameters[name];
    if (value === undefined) throw new Error(`the matrix has nothing for ${name} in ${path}`);
    return value;
  });
}

async function send(method: string, path: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  if (path.startsWith('/v1/')) headers.set('authorization', `Bearer ${merchant.key}`);
  else for (const [name, value] of Object.entries(pageHeaders)) headers.set(name, value);
  const response = await fetch(`${world.url}${path}`, {
    ...init,
    method,
    headers,
    redirect: 'manual',
  });
  // A stream of events does not end by itself.
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (isStream) await response.body?.cancel();
  const text = isStream ? '' : await response.text();
  return { status: response.status, headers: response.headers, text };
}

type Sent = Awaited<ReturnType<typeof send>>;
type Problem = { type: string; errors?: { in: string; field: string }[] };
const slugOf = ({ text }: Sent) => (JSON.parse(text) as Problem).type.split('/').at(-1);
const isProblem = ({ headers }: Sent) => headers.get('content-type') === 'application/problem+json';

describe('every path', () => {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const all = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

  test('refuses the methods that it has not with 405, and names those that it has', async () => {
    expect(paths.length).toBeGreaterThan(60);
    for (const path of paths) {
      const at = filled(path);
      const taken = allowedMethods(app, at);
      expect(taken.length).toBeGreaterThan(1);
      for (const method of all.filter((each) => !taken.includes(each))) {
        const refused = await send(method, at);
        expect([method, path, refused.status]).toEqual([method, path, 405]);
        expect(refused.headers.get('allow')).toBe(taken.join(', '));
        expect(slugOf(refused)).toBe('method-not-allowed');
      }
      const asked = await send('OPTIONS', at);
      const allowed = asked.headers.get('allow');
      expect([path, asked.status, allowed]).toEqual([path, 204, taken.join(', ')]);
      // One that creates nothing by being looked at.
      const looked = await send('HEAD', at);
      const isRead = taken.includes('GET');
      expect([path, isRead ? looked.status < 405 : looked.status === 405]).toEqual([path, true]);
    }
  });

  test('that there is not is not found, by any method', async () => {
    for (const path of ['/v1/nothing', '/nothing', '/v1/orders/a/b/c']) {
      for (const method of [...all, 'OPTIONS', 'HEAD']) {
        expect([method, path, (await send(method, path)).status]).toEqual([method, path, 404]);
      }
    }
  });
});

describe('every body', () => {
  const takers = routes.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method));
  const [json, form] = ['application/json', 'application/x-www-form-urlencoded'];
  const multipart = 'multipart/form-data; boundary=x';
  const notUtf8 = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
  const bodies: { name: string; type?: string; body: Buffer | string }[] = [
    { name: 'without a type', body: Buffer.from('{}') },
    { name: 'of another type', type: 'text/plain', body: '{}' },
    { name: 'in broken parts', type: multipart, body: '--y\r\nbroken' },
    { name: 'in parts without a boundary', type: 'multipart/form-data', body: 'x' },
    { name: 'that is not UTF-8', type: json, body: notUtf8 },
    { name: 'that is broken', type: json, body: '{"a":' },
    { name: 'that is nothing', type: json, body: 'null' },
    { name: 'that is a list', type: json, body: '[]' },
    { name: 'that is deep', type: json, body: '['.repeat(30_000) + ']'.repeat(30_000) },
    { name: 'with a name twice', type: json, body: '{"a":{"b":1,"b":2}}' },
    { name: 'with __proto__', type: json, body: '{"metadata":{"__proto__":"x"}}' },
    { name: 'as a form that is not UTF-8', type: form, body: Buffer.from([0x61, 0x3d, 0xff]) },
    { name: 'as a form that is misencoded', type: form, body: 'method=%ff' },
    { name: 'as a form with a field twice', type: form, body: 'method=a&method=b' },
  ];
  const refusals: Record<string, [status: number, field?: string]> = {
    'without a type': [415],
    'of another type': [415],
    'in broken parts': [415],
    'in parts without a boundary': [415],
    'that is not UTF-8': [400],
    'that is broken': [400],
    'with a name twice': [400, '/a/b'],
    'with __proto__': [400, '/metadata/__proto__'],
  };
  const formRefusals: typeof refusals = {
    'without a type': [415],
    'of another type': [415],
    'in broken parts': [415],
    'that is not UTF-8': [415],
    'as a form that is not UTF-8': [400],
    'as a form that is misencoded': [400],
    'as a form with a field twice': [400, 'method'],
  };

  test('that is malformed is refused as such, never taken and never our fault', async () => {
    expect(takers.length).toBeGreaterThan(35);
    for (const { method, path } of takers) {
      const expected = path.startsWith('/v1/') ? refusals : formRefusals;
      for (const { name, type, body } of bodies) {
        const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
        // What is a Buffer is sent with no type of its own.
        const sent = await send(method, filled(path), { headers, body: Buffer.from(body) });
        const about = `${method} ${path} ${name}`;
        expect([about, sent.status < 500]).toEqual([about, true]);
        // Providers are answered in their own words.
        if (path.startsWith('/providers/')) continue;
        expect([about, sent.status < 400 || isProblem(sent)]).toEqual([about, true]);
        const [status = sent.status, field] = expected[name] ?? [];
        expect([about, sent.status]).toEqual([about, status]);
        if (field === undefined) continue;
        const { errors } = JSON.parse(sent.text) as Problem;
        expect([about, errors?.[0]?.field]).toEqual([about, field]);
      }
    }
  });
});

describe('every time', () => {
  const edges = [
    ...['0000-01-01T00:00:00Z', '0013-01-01T00:00:00Z', '0099-12-31T23:59:59Z'],
    ...['1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ...['9999-12-31T23:59:59-23:59', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z'],
    ...['2026-02-30T00:00:00Z', '2016-12-31T23:59:60Z', '2026-11-22', '0013-01-01', 'now', '', '%'],
  ];
  type Described = { type?: string; format?: string; properties?: Record<string, Described> } & {
    $ref?: string;
    anyOf?: Described[];
    oneOf?: Described[];
    allOf?: Described[];
  };
  const isTime = ({ format }: Described) => format === 'date-time' || format === 'date';
  const resolved = (schema: Described): Described =>
    schema.$ref === undefined
      ? schema
      : (description.components['schemas']![schema.$ref.split('/').at(-1)!] as Described);
  /** The names of fields of a body that are times. */
  function timesIn(schema: Described): string[] {
    const { properties = {}, anyOf = [], oneOf = [], allOf = [] } = resolved(schema);
    const own = Object.entries(properties).filter(([, field]) => isTime(resolved(field)));
    return [...own.map(([name]) => name), ...[...anyOf, ...oneOf, ...allOf].flatMap(timesIn)];
  }

  test('in a query is taken or refused by its name, never our fault', async () => {
    const named = operations.flatMap(({ path, method, operation }) =>
      (operation.parameters ?? []).flatMap((each) =>
        'name' in each && isTime(resolved((each.schema ?? {}) as Described))
          ? [{ path, method, name: each.name }]
          : [],
      ),
    );
    expect(named.length).toBeGreaterThanOrEqual(3);
    for (const { path, method, name } of named.filter(isOf('get'))) {
      for (const edge of edges) {
        const at = `${filled(path)}?${name}=${encodeURIComponent(edge)}`;
        const sent = await send('GET', at);
        expect([at, [200, 400].includes(sent.status)]).toEqual([at, true]);
        const { errors } = JSON.parse(sent.text) as Partial<Problem>;
        expect([at, errors?.[0]?.field ?? name]).toEqual([at, name]);
      }
      expect(method).toBe('get');
    }
  });

  test('in a body is taken or refused by its name, never our fault', async () => {
    const named = operations.flatMap(({ path, method, operation }) => {
      const schema = operation.requestBody?.content['application/json']?.schema;
      const names = schema ? [...new Set(timesIn(schema))] : [];
      return names.map((name) => ({ path, method, name, id: operation.operationId! }));
    });
    expect(named.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['since', 'until', 'date', 'occurredAt', 'timestamp']),
    );
    for (const { method, name, id } of named.filter(isOf('post'))) {
      const scene = await scenes[id]!();
      for (const edge of edges) {
        const sent = await send(method.toUpperCase(), scene.path, {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...scene.body, [name]: edge }),
        });
        const about = `${id} ${name} ${edge}`;
        expect([about, sent.status < 500]).toEqual([about, true]);
        if (sent.status < 300) continue;
        const { errors } = JSON.parse(sent.text) as Problem;
        expect([about, errors?.[0]?.field]).toEqual([about, `/${name}`]);
      }
    }
    expect(named.every(isOf('post'))).toBe(true);
  });

  test('in a query that is not UTF-8 is refused by its name', async () => {
    for (const { path } of operations.filter(isOf('get'))) {
      const sent = await send('GET', `${filled(path)}?some=%ff`);
      const { errors } = JSON.parse(sent.text) as Problem;
      expect([path, sent.status, errors?.[0]]).toMatchObject([path, 400, { field: 'some' }]);
    }
  });
});

describe('every POST of a merchant', () => {
  test('has a scene here', () => {
    expect(Object.keys(scenes).toSorted()).toEqual(posts.toSorted());
  });

  const post = ({ path, body }: PostRequest, key: string) =>
    send('POST', path, {
      headers: { 'idempotency-key': key, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const told = ({ status, text, headers }: Sent) => ({
    status,
    text,
    type: headers.get('content-type'),
    location: headers.get('location'),
    etag: headers.get('etag'),
  });
  // Their keys are written with what they create, by their own routes.
  const ownWay = new Set(['createOrder', 'publishEvents']);

  const repeated = posts.filter((id) => id !== 'publishEvents');
  test.each(repeated)(
    '%s answers a repeat under its Idempotency-Key as the first time',
    async (id) => {
      const request = await scenes[id]!();
      const key = `same-${id}`;
      const first = await post(request, key);
      expect([first.status < 300, first.text]).toEqual([true, first.text]);
      expect(refuseAnswer(id, first)).toBeUndefined();
      expect(first.headers.get('idempotency-replayed')).toBeNull();
      const again = await post(request, key);
      expect(told(again)).toEqual(told(first));
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      const reused = await post({ ...request, body: { ...request.body, subject: 'other' } }, key);
      expect([reused.status, slugOf(reused)]).toEqual([422, 'idempotency-key-reused']);
    },
  );

  test('publishEvents publishes once under its Idempotency-Key', async () => {
    type Published = { data: { id: string; isNew: boolean }[] };
    const request = await scenes['publishEvents']!();
    const [first, again] = [await post(request, 'same'), await post(request, 'same')];
    expect([refuseAnswer('publishEvents', first), first.status]).toEqual([undefined, 201]);
    const { data } = JSON.parse(first.text) as Published;
    expect((JSON.parse(again.text) as Published).data).toEqual(
      data.map((each) => ({ ...each, isNew: false })),
    );
    const body = { ...request.body, resourceId: 'other' };
    const reused = await post({ ...request, body }, 'same');
    expect([reused.status, slugOf(reused)]).toEqual([422, 'idempotency-key-reused']);
  });

  test.each(posts)('%s refuses a key that is none', async (id) => {
    const request = await scenes[id]!();
    for (const key of ['a b', 'ü', 'k'.repeat(256)]) {
      const sent = await send('POST', request.path, {
        headers: { 'idempotency-key': encodeHeader(key), 'content-type': 'application/json' },
        body: JSON.stringify(request.body ?? {}),
      });
      const { errors } = JSON.parse(sent.text) as Problem;
      const named = errors?.map(({ in: place, field }) => [place, field]);
      expect([sent.status, named]).toEqual([400, [['header', 'idempotency-key']]]);
    }
  });

  test.each(posts.filter((id) => !ownWay.has(id)))(
    '%s is 409 while the first is under way, and is taken over from one that died',
    async (id) => {
      const request = await scenes[id]!();
      const key = `held-${id}`;
      const first = await post(request, key);
      const isIt = and(
        eq(idempotencyAnswers.merchantId, merchant.merchantId),
        eq(idempotencyAnswers.path, request.path),
        eq(idempotencyAnswers.key, key),
      );
      const held = { status: null, sealedAnswer: null, holder: 'another' };
      await world.db.update(idempotencyAnswers).set(held).where(isIt);
      const refused = await post(request, key);
      expect([refused.status, slugOf(refused)]).toEqual([409, 'idempotency-key-in-flight']);
      expect(refused.headers.get('retry-after')).toBe('1');
      await world.db
        .update(idempotencyAnswers)
        .set({ lockedUntil: sql`now() - interval '1 second'` })
        .where(isIt);
      // It is carried out: what was done before says so in its own words.
      const takenOver = await post(request, key);
      expect(takenOver.headers.get('idempotency-replayed')).toBeNull();
      expect(slugOrStatus(takenOver)).not.toMatch(/^idempotency|^5/);
      expect(first.status).toBeLessThan(300);
    },
  );

  test('that was refused leaves its key fresh', async () => {
    for (const id of posts.filter((each) => !ownWay.has(each))) {
      const request = await scenes[id]!();
      if (!request.body) continue;
      const refused = await post({ ...request, body: { nonsense: true } }, `fresh-${id}`);
      expect([id, refused.status]).toEqual([id, 400]);
      const taken = await post(request, `fresh-${id}`);
      expect([id, taken.status < 300, taken.text]).toEqual([id, true, taken.text]);
    }
  });

  test('of two at once is carried out once', async () => {
    const request = await scenes['createEndpoint']!();
    const sent = await Promise.all(Array.from({ length: 8 }, () => post(request, 'at-once')));
    const done = sent.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(sent.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
  });

  test('that nothing else makes one is written together with its answer', async () => {
    const created = await scenes['createEndpoint']!();
    const { id } = JSON.parse((await post(created, 'together')).text) as { id: string };
    const rotated = { path: `/v1/endpoints/${id}/rotate-secret`, body: {} };
    // A row names the transaction that wrote it.
    const writersOf = async (path: string) => {
      const { rows } = await world.db.execute<{ made: string; kept: string }>(sql`
        select e.xmin::text as made, a.xmin::text as kept from endpoints e, idempotency_answers a
        where e.id = ${id} and a.path = ${path} and a.key = 'together'`);
      return rows[0]!;
    };
    const first = await writersOf(created.path);
    expect(first.kept).toBe(first.made);
    await post(rotated, 'together');
    const second = await writersOf(rotated.path);
    expect(second.kept).toBe(second.made);
    expect(second.made).not.toBe(first.made);
  });

  test('of another merchant has a key of its own', async () => {
    const body = { url: 'http://127.0.0.1:9/hook' };
    const headers = { 'idempotency-key': 'theirs' };
    const [ours, theirs] = await Promise.all(
      [merchant, other].map(({ api }) =>
        api<{ id: string }>('POST', '/v1/endpoints', { body, headers }),
      ),
    );
    expect([ours!.status, theirs!.status]).toEqual([201, 201]);
    expect(ours!.body.id).not.toBe(theirs!.body.id);
  });

  test('after a week is a new one', async () => {
    const request = await scenes['createEndpoint']!();
    const first = await post(request, 'old');
    await world.db
      .update(idempotencyAnswers)
      .set({ createdAt: sql`now() - interval '8 days'` })
      .where(eq(idempotencyAnswers.key, 'old'));
    const again = await post(request, 'old');
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(again.text).not.toBe(first.text);
  });

  test('keeps no secret of its answer in clear', async () => {
    const request = await scenes['createEndpoint']!();
    const { secret } = JSON.parse((await post(request, 'sealed')).text) as { secret: string };
    const [row] = await world.db
      .select()
      .from(idempotencyAnswers)
      .where(eq(idempotencyAnswers.key, 'sealed'));
    expect(secret).toMatch(/^whsec_/);
    expect(row?.sealedAnswer).toMatch(/\S/);
    expect(JSON.stringify(row)).not.toContain(secret);
    const inOrders = await world.db.select().from(idempotencyKeys);
    expect(JSON.stringify(inOrders)).not.toContain('whsec_');
  });

  /** What the document has against an answer: its status, or its body. */
  function refuseAnswer(id: string, { status, text }: Sent): string | undefined {
    const found = operations.find(({ operation }) => operation.operationId === id)!;
    const at = `/paths/${found.path.replaceAll('/', '~1')}/${found.method}/responses/${status}`;
    return judge(`${at}/content/application~1json/schema`, JSON.parse(text));
  }
});

test('no key in an address reaches the log', async () => {
  const stranger = apiClient({ url: world.url });
  await stranger('GET', `/pay/${secretsInPaths[0]}`);
  expect(lines.length).toBeGreaterThan(100);
  const text = JSON.stringify(lines);
  for (const secret of secretsInPaths) expect(text).not.toContain(secret);
  expect(text).toContain('/pay/…');
});

/** As bytes that HTTP can carry. */
const encodeHeader = (text: string) => Buffer.from(text).toString('latin1');

const slugOrStatus = (sent: Sent) => (isProblem(sent) ? slugOf(sent) : String(sent.status));
