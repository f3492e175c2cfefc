import { readFileSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaMessage, SASLOptions } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasKafka, startKafka } from '../support/kafka-broker.ts';
import type { KafkaBroker } from '../support/kafka-broker.ts';
import { hasRabbitmq, startRabbitmq } from '../support/rabbitmq-broker.ts';
import type { RabbitmqBroker } from '../support/rabbitmq-broker.ts';
import { until } from '../support/until.ts';

describe.skipIf(!hasRabbitmq())('a RabbitMQ of the tests', () => {
  let broker: RabbitmqBroker;
  beforeAll(async () => {
    broker = await startRabbitmq();
  });
  afterAll(() => broker.stop());

  async function withConnection<T>(use: (connection: ChannelModel) => Promise<T>): Promise<T> {
    const connection = await connect(broker.url);
    // What becomes of it shows in the calls themselves.
    connection.on('error', () => {});
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }
  const publish = (queue: string, text: string) =>
    withConnection(async (connection) => {
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue(queue, { durable: true });
      channel.sendToQueue(queue, Buffer.from(text), { persistent: true, messageId: 'evt_1' });
      await channel.waitForConfirms();
    });
  const read = (queue: string) =>
    withConnection(async (connection) => {
      const channel = await connection.createChannel();
      const message = await channel.get(queue, { noAck: true });
      return message && { text: message.content.toString(), id: message.properties.messageId };
    });

  test('a confirmed message is read back from its queue', async () => {
    await publish('orders', 'paid');
    expect(await read('orders')).toEqual({ text: 'paid', id: 'evt_1' });
    expect(await read('orders')).toBe(false);
  });

  test('a confirmed message outlives a restart', async () => {
    await publish('durable', 'refunded');
    await broker.restart();
    expect(await read('durable')).toEqual({ text: 'refunded', id: 'evt_1' });
  });

  test('a paused broker answers nobody, and answers what waited when it goes on', async () => {
    await withConnection(async (connection) => {
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue('paused', { durable: true });
      broker.pause();
      channel.sendToQueue('paused', Buffer.from('closed'), { persistent: true });
      await expect(connect(broker.url, { timeout: 500 })).rejects.toThrow('connect ETIMEDOUT');
      broker.resume();
      await channel.waitForConfirms();
    });
    expect(await read('paused')).toMatchObject({ text: 'closed' });
  });

  test('a stopped broker, even a paused one, leaves neither a process nor a file', async () => {
    expect(processesOf(broker.folder)).not.toEqual([]);
    broker.pause();
    await broker.stop();
    await until('all processes gone', () => processesOf(broker.folder).length === 0);
    await expect(stat(broker.folder)).rejects.toThrow('ENOENT');
  });
});

describe.skipIf(!hasKafka())('a Kafka of the tests', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ partitions: 3 });
  });
  afterAll(() => broker.stop());

  const clientOf = (address: string, sasl?: SASLOptions) =>
    new Kafka({
      brokers: [address],
      logLevel: logLevel.NOTHING,
      ...(sasl && { sasl, retry: { retries: 0 } }),
    });

  const sent = { key: 'ord_1', value: 'paid', id: 'evt_1' };

  async function produce(topic: string): Promise<void> {
    const producer = clientOf(broker.broker).producer();
    await producer.connect();
    await producer.send({
      topic,
      acks: -1,
      messages: [{ key: sent.key, value: sent.value, headers: { 'ce-id': sent.id } }],
    });
    await producer.disconnect();
  }

  async function consume(topic: string) {
    const consumer = clientOf(broker.broker).consumer({ groupId: `reads-${topic}` });
    const seen: KafkaMessage[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message) });
    const { key, value, headers } = await until('a message', () => seen[0]);
    await consumer.disconnect();
    return {
      key: key?.toString(),
      value: value?.toString(),
      id: headers?.['ce-id']?.toString(),
    };
  }

  test('an acknowledged message is consumed with its key and headers', async () => {
    await produce('orders');
    expect(await consume('orders')).toEqual(sent);
  });

  test('an acknowledged message outlives a restart', async () => {
    await produce('durable');
    await broker.restart();
    expect(await consume('durable')).toEqual(sent);
  });

  test('a topic comes with its first use, with as many partitions as were asked for', async () => {
    await produce('new');
    const admin = clientOf(broker.broker).admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: ['new'] });
    await admin.disconnect();
    expect(topics[0]?.partitions).toHaveLength(3);
  });

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'the door with SASL lets the right password in by %s, and no other',
    async (mechanism) => {
      const { broker: address, username, password } = broker.sasl;
      const login = async (given: string) => {
        const admin = clientOf(address, { mechanism, username, password: given }).admin();
        try {
          await admin.connect();
          return (await admin.describeCluster()).brokers.length;
        } finally {
          await admin.disconnect();
        }
      };
      expect(await login(password)).toBe(1);
      await expect(login('wrong')).rejects.toThrow(/authentication/i);
    },
  );

  test('a stopped broker, even a paused one, leaves neither a process nor a file', async () => {
    expect(processesOf(broker.folder)).not.toEqual([]);
    broker.pause();
    await broker.stop();
    await until('all processes gone', () => processesOf(broker.folder).length === 0);
    await expect(stat(broker.folder)).rejects.toThrow('ENOENT');
  });
});

/** Processes with a folder's name in their command line or environment, by Linux's /proc. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ['cmdline', 'environ'].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(folder),
      );
    } catch {
      // Gone while we were looking.
      return false;
    }
  });
}
