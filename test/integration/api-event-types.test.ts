import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { updateEventType } from '../../db/queries/event-types.ts';
import { events as eventRows } from '../../db/schema/index.ts';
import { eventTypes } from '../../domain/events.ts';
import { publish, slugOf } from '../support/events.ts';
import type { ProblemBody } from '../support/events.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type EventType = {
  name: string;
  origin: string;
  description: string;
  schema: Record<string, unknown> | null;
  archivedAt: string | null;
};

let world: World;
beforeAll(async () => {
  // No worker: what is published lies in the log, and that is all that is looked at.
  world = await openWorld({ hasWorker: false });
});
afterAll(() => world.close());

const name = 'cart.abandoned';
const schema = {
  type: 'object',
  required: ['cart'],
  additionalProperties: false,
  properties: {
    cart: { type: 'string', maxLength: 8 },
    items: { type: 'array', items: { $ref: '#/$defs/item' } },
  },
  $defs: { item: { type: 'object', properties: { count: { type: 'integer', minimum: 1 } } } },
};

const register = ({ api }: TestMerchant, body: Record<string, unknown>) =>
  api<EventType & ProblemBody>('POST', '/v1/event-types', { body });
const change = ({ api }: TestMerchant, body: Record<string, unknown>) =>
  api<EventType & ProblemBody>('PATCH', `/v1/event-types/${name}`, { body });
const written = ({ merchantId }: TestMerchant) =>
  world.db.$count(eventRows, eq(eventRows.merchantId, merchantId));

describe('an event type', () => {
  test('is registered, read, and the same again when it is registered twice', async () => {
    const own = await world.newMerchant([]);
    const made = await register(own, { name, description: 'Left behind', schema });
    expect([made.status, made.body]).toEqual([
      201,
      {
        name,
        object: 'event_type',
        origin: 'merchant',
        description: 'Left behind',
        schema,
        archivedAt: null,
        createdAt: expect.stringMatching(/Z$/),
        updatedAt: expect.stringMatching(/Z$/),
      },
    ]);
    const again = await register(own, { name, description: 'Left behind', schema });
    expect([again.status, again.body]).toEqual([200, made.body]);
    expect((await own.api('GET', `/v1/event-types/${name}`)).body).toEqual(made.body);
    const other = await register(own, { name, description: 'Something else', schema });
    expect([other.status, slugOf(other)]).toEqual([409, 'event-type-taken']);
  });

  test('is listed by name among the platform’s own, page by page, each once', async () => {
    const own = await world.newMerchant([]);
    const mine = ['cart.abandoned', 'order_book.printed', 'zebra.crossed'];
    for (const each of mine) await register(own, { name: each });
    const seen: EventType[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor && `&cursor=${cursor}`;
      const { body } = await own.api<{ data: EventType[]; nextCursor: string | null }>(
        'GET',
        `/v1/event-types?limit=4${after}`,
      );
      seen.push(...body.data);
      cursor = body.nextCursor;
    }
    const platforms = Object.keys(eventTypes);
    expect(seen.map((type) => type.name)).toEqual([...platforms, ...mine].toSorted());
    const own_ = seen.filter(({ origin }) => origin === 'merchant').map((type) => type.name);
    expect(own_).toEqual(mine);
    const paid = await own.api<EventType>('GET', '/v1/event-types/order.paid');
    expect(paid.body).toMatchObject({ origin: 'platform', description: eventTypes['order.paid'] });
  });

  test('of another merchant is neither seen, changed nor held to', async () => {
    const [own, other] = [await world.newMerchant([]), await world.newMerchant([])];
    await register(other, { name, schema });
    expect((await own.api('GET', `/v1/event-types/${name}`)).status).toBe(404);
    expect((await change(own, { archived: true })).status).toBe(404);
    expect((await own.api('GET', '/v1/event-types?limit=100')).text).not.toContain(name);
    expect((await publish(own, { type: name, data: { anything: true } })).status).toBe(201);
    expect((await publish(other, { type: name, data: { anything: true } })).status).toBe(422);
  });

  test('whose name is taken, or is nobody’s, is answered so before its schema is compiled', async () => {
    const own = await world.newMerchant([]);
    const uncompilable = { enum: [] };
    const wanted = { name, schema: uncompilable };
    expect((await change(own, { schema: uncompilable })).status).toBe(404);
    expect((await register(own, wanted)).body.errors[0]?.field).toBe('/schema');
    await register(own, { name, schema });
    expect(slugOf(await register(own, wanted))).toBe('event-type-taken');
    expect((await change(own, { schema: uncompilable })).body.errors[0]?.field).toBe('/schema');
  });

  test.each([
    ['/name', { name: 'order.mine' }],
    ['/name', { name: 'cart' }],
    ['/name', { name: 'cart.*' }],
    ['/description', { description: 'x'.repeat(1_025) }],
    ['/schema', { schema: true }],
    ['/schema', { schema: { description: 'x'.repeat(33_000) } }],
    ['/schema/pattern', { schema: { pattern: '^(a+)+$' } }],
    ['/schema/patternProperties', { schema: { patternProperties: { '^(a+)+$': {} } } }],
    [
      '/schema/properties/a/$ref',
      { schema: { properties: { a: { $ref: 'https://a.example/' } } } },
    ],
    ['/schema/type', { schema: { type: 'text' } }],
    ['/schema/requierd', { schema: { requierd: ['cart'] } }],
    ['/schema/const', { schema: { const: 'a\0' } }],
    ['/colour', { colour: 'red' }],
  ])('with a wrong %s is refused, and the place is named', async (field, fields) => {
    const own = await world.newMerchant([]);
    const { status, body } = await register(own, { name, ...fields });
    expect(status).toBe(400);
    expect(new Set(body.errors.map((error) => error.field))).toEqual(new Set([field]));
  });
});

describe('what is published under a registered type', () => {
  test.each([
    ['/data', {}],
    ['/data/cart', { cart: 77 }],
    ['/data/cart', { cart: '123456789' }],
    ['/data/colour', { cart: '77', colour: 'red' }],
    ['/data/items/1/count', { cart: '77', items: [{ count: 1 }, { count: 0 }] }],
  ])('must fit its schema: %s', async (pointer, data) => {
    const own = await world.newMerchant([]);
    await register(own, { name, schema });
    const events = [
      { type: name, data: { cart: '77' } },
      { type: name, data },
      { type: 'cart.changed', data },
    ];
    const answer = await publish(own, { events });
    expect([answer.status, slugOf(answer)]).toEqual([422, 'event-refused-by-type']);
    expect(answer.body.errors).toMatchObject([{ in: 'body', field: `/events/1${pointer}` }]);
    expect(await written(own)).toBe(0);
  });

  test('is held to the schema as it is now, though it was looked up before', async () => {
    const own = await world.newMerchant([]);
    const event = { type: name, data: { cart: 77 } };
    const statusOf = async () => (await publish(own, event)).status;
    expect(await statusOf()).toBe(201);
    await register(own, { name, schema });
    expect(await statusOf()).toBe(422);
    await change(own, { schema: { properties: { cart: { type: 'integer' } } } });
    expect(await statusOf()).toBe(201);
    // Another process of the API changes it: nothing here is told.
    await updateEventType(world.db, { merchantId: own.merchantId, name, schema });
    expect(await statusOf()).toBe(422);
    await updateEventType(world.db, { merchantId: own.merchantId, name, schema: null });
    expect(await statusOf()).toBe(201);
    // What was refused was not written either.
    expect(await written(own)).toBe(3);
  });

  test('is refused once the type is archived, and taken again when it is not', async () => {
    const own = await world.newMerchant([]);
    await register(own, { name });
    const event = { type: name, data: {} };
    expect((await publish(own, event)).status).toBe(201);
    const archived = await change(own, { archived: true });
    expect(archived.body.archivedAt).toMatch(/Z$/);
    const refused = await publish(own, event);
    expect([refused.status, refused.body.errors]).toMatchObject([422, [{ field: '/type' }]]);
    expect((await change(own, { archived: true })).body.archivedAt).toBe(archived.body.archivedAt);
    expect((await change(own, { archived: false })).body.archivedAt).toBeNull();
    expect((await publish(own, event)).status).toBe(201);
  });

  test('before its type refused it is answered as before when it is repeated', async () => {
    const own = await world.newMerchant([]);
    const known = { id: 'known', type: name, data: { cart: 77 } };
    const first = await publish(own, known);
    await register(own, { name, schema });
    const again = await publish(own, known);
    expect([again.status, again.body.data[0]?.id]).toEqual([200, first.body.data[0]?.id]);
    const mixed = await publish(own, { events: [known, { id: 'new', type: name, data: {} }] });
    expect([mixed.status, mixed.body.errors]).toMatchObject([422, [{ field: '/events/1/data' }]]);
    const other = await publish(own, { ...known, data: { cart: 78 } });
    expect([other.status, slugOf(other)]).toEqual([422, 'event-id-reused']);
  });

  test('is all held to one edition of it, while it is changed again and again', async () => {
    const own = await world.newMerchant([]);
    await register(own, { name, schema });
    const schemas = [schema, { properties: { cart: { type: 'integer' } } }];
    const changes = (async () => {
      for (let round = 0; round < 30; round++) await change(own, { schema: schemas[round % 2] });
    })();
    const statuses: number[] = [];
    const publishing = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 30; round++) {
        const events = [{ cart: '77' }, { cart: 77 }].map((data) => ({ type: name, data }));
        statuses.push((await publish(own, { events })).status);
      }
    });
    await Promise.all([changes, ...publishing]);
    // Both fit neither edition together.
    expect(new Set(statuses)).toEqual(new Set([422]));
    expect(await written(own)).toBe(0);
  });

  test('may have at most 100 types in one request', async () => {
    const own = await world.newMerchant([]);
    const word = (n: number) => String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26));
    const events = Array.from({ length: 101 }, (_, n) => ({ type: `cart.${word(n)}`, data: {} }));
    const { status, body } = await publish(own, { events });
    expect([status, body.errors]).toMatchObject([400, [{ field: '/events' }]]);
    expect((await publish(own, { events: events.slice(1) })).status).toBe(201);
  });
});
