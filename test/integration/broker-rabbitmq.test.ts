import { connect } from 'amqplib';
import type { Channel, GetMessage } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { EndpointAuth } from '../../delivery/send/access.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { openDelivering, paidEvent } from '../support/delivering.ts';
import { hasRabbitmq, startRabbitmq } from '../support/rabbitmq-broker.ts';
import type { RabbitmqBroker } from '../support/rabbitmq-broker.ts';
import { until } from '../support/until.ts';

// Events to a real RabbitMQ, by the same attempter that sends to HTTP addresses.

describe.skipIf(!hasRabbitmq())('a RabbitMQ exchange', () => {
  let broker: RabbitmqBroker;
  let delivering: ReturnType<typeof openDelivering>;
  let channel: Channel;
  let disconnect: () => Promise<void>;
  const { secret } = newSecret('hmac');

  beforeAll(async () => {
    broker = await startRabbitmq();
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    delivering = openDelivering();
    const model = await connect(broker.url);
    channel = await model.createChannel();
    disconnect = () => model.close();
  });
  afterEach(async () => {
    await disconnect().catch(() => {});
    await delivering.close();
  });

  let number = 0;
  /** An exchange of the test's own, with a queue that is bound for `keys`. */
  async function exchangeWith(keys: readonly string[]) {
    number += 1;
    const [exchange, queue] = [`events-${number}`, `shop-${number}`];
    await channel.assertExchange(exchange, 'topic');
    await channel.assertQueue(queue);
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
    return { exchange, queue };
  }

  const basic = (): EndpointAuth => ({
    kind: 'basic',
    username: broker.username,
    password: broker.password,
  });

  const endpointTo = (
    exchange: string,
    { auth = basic(), routingKey = '{type}', settings = {}, url = addressOf(broker) } = {},
  ) =>
    delivering.endpoint({
      secret,
      access: { auth, headers: { 'x-shop': 'a' } },
      settings: { url, destination: { kind: 'amqp', exchange, routingKey }, ...settings },
    });

  const next = (queue: string): Promise<GetMessage> =>
    until('a message', async () => (await channel.get(queue, { noAck: true })) || undefined);

  test('keeps what it is sent, confirmed, persistent, with the signature of any delivery', async () => {
    const { exchange, queue } = await exchangeWith(['order.*']);
    const event = paidEvent(endpointTo(exchange));
    expect(await delivering.attempt(event)).toMatchObject({ kind: 'delivered', statusCode: null });
    const { content, fields, properties } = await next(queue);
    expect(content.toString()).toBe(event.body);
    expect(fields).toMatchObject({ exchange, routingKey: 'order.paid' });
    expect(properties).toMatchObject({
      messageId: event.eventId,
      type: 'order.paid',
      contentType: 'application/json',
      deliveryMode: 2,
      headers: { 'webhook-id': event.eventId, 'x-shop': 'a' },
    });
    // The credentials open the connection, and are not for whoever reads the queue.
    expect(Object.keys(properties.headers ?? {})).not.toContain('authorization');
    const headers = properties.headers as Record<string, string>;
    expect(new Webhook(secret).verify(content, headers)).toEqual(JSON.parse(event.body));
  });

  test('routes by the event and by what it is about', async () => {
    const { exchange, queue } = await exchangeWith(['shop.order.paid.ord_7']);
    const endpoint = endpointTo(exchange, { routingKey: 'shop.{type}.{resourceId}' });
    const outcome = await delivering.attempt(paidEvent(endpoint, { resourceId: 'ord_7' }));
    expect(outcome.kind).toBe('delivered');
    expect((await next(queue)).fields.routingKey).toBe('shop.order.paid.ord_7');
  });

  test('gets a binary CloudEvent under the prefix of the AMQP binding', async () => {
    const { exchange, queue } = await exchangeWith(['#']);
    const endpoint = endpointTo(exchange, { settings: { format: 'cloudevents-binary' } });
    await delivering.attempt(paidEvent(endpoint, { resourceId: 'Bestellung 1 ä' }));
    const { properties } = await next(queue);
    expect(properties.headers).toMatchObject({
      'cloudEvents:type': 'order.paid',
      'cloudEvents:subject': 'Bestellung 1 ä',
    });
  });

  test('that no queue is bound to has not got it, and is tried again', async () => {
    const { exchange, queue } = await exchangeWith(['refund.*']);
    const event = paidEvent(endpointTo(exchange));
    expect(await delivering.attempt(event)).toMatchObject({ kind: 'retry', error: 'unroutable' });
    await channel.bindQueue(queue, exchange, 'order.*');
    expect((await delivering.attempt({ ...event, attempts: 1 })).kind).toBe('delivered');
    expect((await next(queue)).properties.messageId).toBe(event.eventId);
  });

  test('that is not there yet is found once it is', async () => {
    const event = paidEvent(endpointTo('made-later'));
    expect(await delivering.attempt(event)).toMatchObject({ kind: 'retry', error: 'not_found' });
    await channel.assertExchange('made-later', 'fanout');
    await channel.assertQueue('late');
    await channel.bindQueue('late', 'made-later', '');
    await until('a delivery', async () => (await delivering.attempt(event)).kind === 'delivered');
    expect((await next('late')).properties.messageId).toBe(event.eventId);
  });

  test('of a broker that refuses the password says so', async () => {
    const { exchange } = await exchangeWith(['#']);
    const auth = { kind: 'basic', username: broker.username, password: 'wrong' } as const;
    expect(await delivering.attempt(paidEvent(endpointTo(exchange, { auth })))).toMatchObject({
      kind: 'retry',
      error: 'access_refused',
    });
  });

  test('takes many at once, each confirmed by itself', async () => {
    const { exchange, queue } = await exchangeWith(['order.paid']);
    const endpoint = endpointTo(exchange);
    const events = Array.from({ length: 60 }, (_, n) =>
      paidEvent(endpoint, { type: n % 3 === 0 ? 'order.lost' : 'order.paid' }),
    );
    const outcomes = await Promise.all(events.map((event) => delivering.attempt(event)));
    for (const [n, { type }] of events.entries()) {
      expect(outcomes[n]!.kind).toBe(type === 'order.paid' ? 'delivered' : 'retry');
    }
    await until('all of them', async () => (await channel.checkQueue(queue)).messageCount === 40);
  });

  test('within is never connected to where that is not allowed', async () => {
    const guarded = openDelivering({ allowPrivate: false });
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', 'localtest.me.localhost']) {
      const endpoint = guarded.endpoint({
        access: { auth: basic() },
        settings: {
          url: `amqp://${host}:${broker.port}/`,
          destination: { kind: 'amqp', exchange: '', routingKey: 'a' },
        },
      });
      expect(await guarded.attempt(paidEvent(endpoint))).toMatchObject({
        kind: 'retry',
        error: 'private_address',
      });
    }
    await guarded.close();
  });

  test('is connected to again after its broker was away', async () => {
    const { exchange, queue } = await exchangeWith(['#']);
    const endpoint = endpointTo(exchange);
    expect((await delivering.attempt(paidEvent(endpoint))).kind).toBe('delivered');
    await disconnect();
    await broker.restart();
    const event = paidEvent(endpoint);
    await until('a delivery', async () => (await delivering.attempt(event)).kind === 'delivered');
    const model = await connect(broker.url);
    disconnect = () => model.close();
    channel = await model.createChannel();
    // What was confirmed before is there too.
    await next(queue);
    expect((await next(queue)).properties.messageId).toBe(event.eventId);
  });
});

const addressOf = ({ port }: RabbitmqBroker) => `amqp://127.0.0.1:${port}/`;
