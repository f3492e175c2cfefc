import { Kafka } from 'kafkajs';
import type { KafkaMessage } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { newSecret } from '../../delivery/send/sign.ts';
import { openDelivering, paidEvent } from '../support/delivering.ts';
import { hasKafka, startKafka } from '../support/kafka-broker.ts';
import type { KafkaBroker } from '../support/kafka-broker.ts';
import { until } from '../support/until.ts';

// Events to a real Kafka, by the same attempter that sends to HTTP addresses.

describe.skipIf(!hasKafka())('a Kafka topic', () => {
  let broker: KafkaBroker;
  let delivering: ReturnType<typeof openDelivering>;
  const { secret } = newSecret('hmac');

  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());
  beforeEach(() => {
    delivering = openDelivering();
  });
  afterEach(() => delivering.close());

  const client = () =>
    new Kafka({ clientId: 'shop', brokers: [broker.broker], logCreator: () => () => {} });

  let number = 0;
  async function newTopic(partitions = 3): Promise<string> {
    number += 1;
    const topic = `events-${number}`;
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions }],
      waitForLeaders: true,
    });
    await admin.disconnect();
    return topic;
  }

  const endpointTo = (topic: string, settings: object = {}) =>
    delivering.endpoint({
      secret,
      access: { headers: { 'x-shop': 'a' } },
      settings: {
        url: `kafka://${broker.broker}`,
        destination: { kind: 'kafka', topic, saslMechanism: 'plain' },
        ...settings,
      },
    });

  async function read(topic: string, count: number) {
    const consumer = client().consumer({ groupId: `shop-${topic}` });
    const got: { partition: number; message: KafkaMessage }[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => void got.push({ partition, message }),
    });
    await until(`${count} records`, () => got.length >= count);
    await consumer.disconnect();
    return got;
  }

  test('keeps what it is sent, keyed by the resource, with the signature of any delivery', async () => {
    const topic = await newTopic();
    const event = paidEvent(endpointTo(topic));
    expect(await delivering.attempt(event)).toMatchObject({ kind: 'delivered', statusCode: null });
    const [{ message } = fail()] = await read(topic, 1);
    expect(message.key?.toString()).toBe(event.resourceId);
    expect(message.value?.toString()).toBe(event.body);
    const headers = Object.fromEntries(
      Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-shop': 'a' });
    expect(new Webhook(secret).verify(String(message.value), headers)).toEqual(
      JSON.parse(event.body),
    );
  });

  test('has the events of one resource in one partition, in their order', async () => {
    const topic = await newTopic();
    const endpoint = endpointTo(topic);
    const sent: Record<string, string[]> = { ord_a: [], ord_b: [], ord_c: [] };
    for (let n = 0; n < 12; n++) {
      const resourceId = ['ord_a', 'ord_b', 'ord_c'][n % 3]!;
      const event = paidEvent(endpoint, { resourceId });
      sent[resourceId]!.push(event.eventId);
      expect((await delivering.attempt(event)).kind).toBe('delivered');
    }
    const records = await read(topic, 12);
    for (const [resourceId, ids] of Object.entries(sent)) {
      const own = records.filter(({ message }) => String(message.key) === resourceId);
      expect(own.map(({ message }) => String(message.headers?.['webhook-id']))).toEqual(ids);
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
  });

  test('gets a binary CloudEvent by the Kafka binding', async () => {
    const topic = await newTopic();
    const endpoint = endpointTo(topic, { format: 'cloudevents-binary' });
    await delivering.attempt(paidEvent(endpoint, { resourceId: 'Bestellung 1 ä' }));
    const [{ message } = fail()] = await read(topic, 1);
    expect(String(message.headers?.['ce_type'])).toBe('order.paid');
    expect(String(message.headers?.['ce_subject'])).toBe('Bestellung 1 ä');
    expect(String(message.headers?.['content-type'])).toBe('application/json');
  });

  test('that is not there is not made, and is found once it is', async () => {
    const event = paidEvent(endpointTo('events-later'));
    expect(await delivering.attempt(event)).toMatchObject({
      kind: 'retry',
      error: 'unknown_topic_or_partition',
    });
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'events-later' }], waitForLeaders: true });
    await admin.disconnect();
    await until('a delivery', async () => (await delivering.attempt(event)).kind === 'delivered');
    expect(await read('events-later', 1)).toHaveLength(1);
  });

  test('behind SASL lets in who knows the password, and nobody else', async () => {
    const topic = await newTopic();
    const { username, password } = broker.sasl;
    const withPassword = (given: string) =>
      delivering.endpoint({
        secret,
        access: { auth: { kind: 'basic', username, password: given } },
        settings: {
          url: `kafka://${broker.sasl.broker}`,
          destination: { kind: 'kafka', topic, saslMechanism: 'plain' },
        },
      });
    const refused = await delivering.attempt(paidEvent(withPassword('wrong')));
    expect(refused).toMatchObject({ kind: 'retry', error: 'sasl_authentication_error' });
    expect((await delivering.attempt(paidEvent(withPassword(password)))).kind).toBe('delivered');
    expect(await read(topic, 1)).toHaveLength(1);
  });

  test('within is never connected to where that is not allowed', async () => {
    const guarded = openDelivering({ allowPrivate: false });
    const port = broker.broker.split(':').at(-1)!;
    for (const host of ['127.0.0.1', 'localhost', '0x7f.1']) {
      const endpoint = guarded.endpoint({
        settings: {
          url: `kafka://${host}:${port}`,
          destination: { kind: 'kafka', topic: 'a', saslMechanism: 'plain' },
        },
      });
      expect(await guarded.attempt(paidEvent(endpoint))).toMatchObject({
        kind: 'retry',
        error: 'private_address',
      });
    }
    await guarded.close();
  });
});

function fail(): never {
  throw new Error('no record');
}
