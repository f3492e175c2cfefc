import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndpointId } from '../../domain/ids.ts';
import { hasRabbitmq, startRabbitmq } from '../support/rabbitmq-broker.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What a merchant says about a broker over HTTP, and what comes of it.

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
});
afterAll(() => world.close());

type EndpointBody = { id: EndpointId; url: string; destination: unknown; auth: string };
type Problem = { type: string; errors: { field: string; message: string }[] };

const amqp = { kind: 'amqp', exchange: 'events' };
const kafka = { kind: 'kafka', topic: 'events' };
const create = <T>(body: Record<string, unknown>) =>
  merchant.api<T>('POST', '/v1/endpoints', { body });

describe('an endpoint at a broker', () => {
  test('is registered with what was left out filled in, and shown without its password', async () => {
    const auth = { kind: 'basic', username: 'shop', password: 'secret' };
    const { status, body } = await create<EndpointBody>({
      url: 'amqps://mq.shop.example/live',
      destination: amqp,
      auth,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      destination: { kind: 'amqp', exchange: 'events', routingKey: '{type}' },
      auth: 'basic',
    });
    expect(JSON.stringify({ ...body, secret: '' })).not.toContain('"secret":"secret"');
    const { body: changed } = await merchant.api<EndpointBody>(
      'PATCH',
      `/v1/endpoints/${body.id}`,
      {
        body: { destination: { kind: 'amqp', exchange: '', routingKey: 'shop' } },
      },
    );
    expect(changed.destination).toEqual({ kind: 'amqp', exchange: '', routingKey: 'shop' });
  });

  test.each([
    ['an HTTP address', { url: 'https://shop.example/', destination: amqp }, '/url'],
    ['another broker’s scheme', { url: 'amqp://mq.example/', destination: kafka }, '/url'],
    ['a broker’s address without a destination', { url: 'amqp://mq.example/' }, '/url'],
    ['no host', { url: 'kafka:///', destination: kafka }, '/url'],
    ['a query', { url: 'amqp://mq.example/?heartbeat=1', destination: amqp }, '/url'],
    [
      'a token',
      { url: 'amqps://mq.example/', destination: amqp, auth: { kind: 'bearer', token: 'abc' } },
      '/auth/kind',
    ],
    [
      'a handshake',
      { url: 'amqps://mq.example/', destination: amqp, handshake: true },
      '/handshake',
    ],
    [
      'no name of a topic',
      { url: 'kafkas://k.example', destination: { kind: 'kafka', topic: 'a b' } },
      '/destination/topic',
    ],
    [
      'credentials in its address',
      { url: 'amqps://guest:guest@mq.example/', destination: amqp },
      '/url',
    ],
  ])('is refused with %s', async (_, body, field) => {
    const { status, body: problem } = await create<Problem>(body);
    expect(status).toBe(problem.type.endsWith('/target-not-allowed') ? 422 : 400);
    expect(problem.errors.map((error) => error.field)).toContain(field);
  });

  test('keeps its address and its destination together when only one is changed', async () => {
    const { body } = await create<EndpointBody>({ url: 'kafkas://k.example', destination: kafka });
    const patch = (change: Record<string, unknown>) =>
      merchant.api<Problem>('PATCH', `/v1/endpoints/${body.id}`, { body: change });
    expect((await patch({ url: 'https://shop.example/' })).body.errors[0]?.field).toBe('/url');
    expect((await patch({ destination: null })).body.errors[0]?.field).toBe('/url');
    expect((await patch({ url: 'https://shop.example/', destination: null })).status).toBe(200);
  });

  test('cannot be asked anything', async () => {
    const { body } = await create<EndpointBody>({ url: 'kafkas://k.example', destination: kafka });
    const { status } = await merchant.api('POST', '/v1/messages', {
      body: { pattern: 'request', to: body.id, subject: 'stock', body: {} },
    });
    expect(status).toBe(404);
  });
});

describe.skipIf(!hasRabbitmq())('what a merchant publishes', () => {
  test('arrives in the queue that the exchange routes it to', async () => {
    const broker = await startRabbitmq();
    const model = await connect(broker.url);
    try {
      const channel = await model.createChannel();
      await channel.assertQueue('shop');
      const { body: endpoint } = await create<EndpointBody>({
        url: `amqp://127.0.0.1:${broker.port}/`,
        destination: { kind: 'amqp', routingKey: 'shop' },
        auth: { kind: 'basic', username: broker.username, password: broker.password },
        eventTypes: ['cart.left'],
      });
      const { body: published } = await merchant.api<{ data: { id: string }[] }>(
        'POST',
        '/v1/events',
        { body: { type: 'cart.left', data: { items: 3 } } },
      );
      const eventId = published.data[0]!.id;
      const message = await until(
        'a message',
        async () => (await channel.get('shop', { noAck: true })) || undefined,
      );
      expect(message.properties.messageId).toBe(eventId);
      expect(JSON.parse(message.content.toString())).toMatchObject({
        id: eventId,
        type: 'cart.left',
        data: { items: 3 },
      });
      const delivery = await until('an outcome', async () => {
        const { body } = await merchant.api<{ data: { eventId: string; status: string }[] }>(
          'GET',
          `/v1/deliveries?endpointId=${endpoint.id}`,
        );
        return body.data.find((one) => one.eventId === eventId && one.status !== 'pending');
      });
      expect(delivery.status).toBe('delivered');
    } finally {
      await model.close();
      await broker.stop();
    }
  });
});
