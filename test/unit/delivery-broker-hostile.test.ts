import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBrokers } from '../../delivery/broker/brokers.ts';
import type { Brokers } from '../../delivery/broker/brokers.ts';
import { brokerCodeOf } from '../../delivery/broker/code-of.ts';
import type { BrokerTarget } from '../../delivery/broker/publisher.ts';
import { testCa, testClient, testServer } from '../support/certificates.ts';
import { brokerMessage, brokerTarget } from '../support/hostile/broker-target.ts';
import type { BrokerKind } from '../support/hostile/broker-target.ts';
import { startHostileAmqp } from '../support/hostile/hostile-amqp.ts';
import type { AmqpAttack } from '../support/hostile/hostile-amqp.ts';
import { startHostileKafka } from '../support/hostile/hostile-kafka.ts';
import type { KafkaAttack } from '../support/hostile/hostile-kafka.ts';
import type { HostileBroker, HostileInput } from '../support/hostile/hostile-server.ts';
import { until } from '../support/until.ts';

// What a merchant's broker sends, of which none may reach another merchant or the process. An error that nobody
// catches fails the file: vitest hears them.

const start = { amqp: startHostileAmqp, kafka: startHostileKafka } as const;
const megabyte = 1_024 * 1_024;

let brokers: Brokers;
let started: HostileBroker[];
beforeEach(() => {
  started = [];
  brokers = createBrokers({ allowPrivate: true, deadlineMs: 2_000 });
});
afterEach(async () => {
  await brokers.close();
  await Promise.all(started.map((broker) => broker.close()));
});

async function startOne(kind: BrokerKind, input: HostileInput): Promise<HostileBroker> {
  const broker = await start[kind](input);
  started.push(broker);
  return broker;
}

/** The word for what became of one message to a broker. */
async function publishTo(kind: BrokerKind, broker: HostileBroker, name: string): Promise<string> {
  const target = brokerTarget(kind, { port: broker.port, name });
  return brokers.publish(target, brokerMessage(`evt_${name}`)).then(() => 'accepted', brokerCodeOf);
}

describe.each(['amqp', 'kafka'] as const)('an honest %s broker', (kind) => {
  test('gets what is published, over one connection', async () => {
    const honest = await startOne(kind, { seed: 1, attack: 'none' });
    for (let count = 0; count < 3; count += 1) {
      expect(await publishTo(kind, honest, 'honest')).toBe('accepted');
    }
    expect(honest.received()).toBe(3);
    expect(honest.openSockets()).toBe(1);
  });

  test('is left when its endpoint moves to another', async () => {
    const first = await startOne(kind, { seed: 1, attack: 'none' });
    const second = await startOne(kind, { seed: 1, attack: 'none' });
    for (const broker of [first, second]) {
      expect(await publishTo(kind, broker, 'moving')).toBe('accepted');
    }
    await until('its sockets gone', () => first.openSockets() === 0);
    expect([first.received(), second.received()]).toEqual([1, 1]);
  });

  test('gets a message of many frames whole', async () => {
    const honest = await startOne(kind, { seed: 1, attack: 'none' });
    const target = brokerTarget(kind, { port: honest.port, name: 'large' });
    const body = Buffer.alloc(megabyte, 'a');
    await brokers.publish(target, { ...brokerMessage('evt_large'), body });
    expect(honest.received()).toBe(1);
  });
});

describe.each(['amqp', 'kafka'] as const)('TLS of %s', (kind) => {
  const tls = {
    cert: testServer.certificate,
    key: testServer.privateKey,
    ca: testCa.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const auth = { kind: 'mtls', ...testClient, ca: testCa.certificate } as const;
  const publishOver = (broker: HostileBroker, by: BrokerTarget['auth']) =>
    brokers
      .publish(
        brokerTarget(kind, { port: broker.port, name: 'tls', auth: by, isTls: true }),
        brokerMessage('evt_1'),
      )
      .then(() => 'accepted', brokerCodeOf);

  test('shows the endpoint’s certificate', async () => {
    const honest = await startOne(kind, { seed: 1, attack: 'none', tls });
    expect(await publishOver(honest, auth)).toBe('accepted');
    expect(await publishOver(honest, { kind: 'none' })).toBe('self_signed_cert_in_chain');
  });

  test('is held to the same frames', async () => {
    const hostile = await startOne(kind, { seed: 1, attack: 'zeros', step: 1, tls });
    expect(await publishOver(hostile, auth)).toBe('invalid_frame');
  });
});

describe('a Kafka broker that sends what no broker sends', () => {
  test.each<[KafkaAttack, string]>([
    ['sizeZero', 'invalid_frame'],
    ['sizeNegative', 'invalid_frame'],
    ['sizeHuge', 'invalid_frame'],
    ['arrayOf256Megabytes', 'invalid_frame'],
    ['http', 'invalid_frame'],
    ['randomBytes', 'invalid_frame'],
    ['endless', 'too_many_bytes'],
  ])('%s is one failed attempt of its endpoint', async (attack, code) => {
    const hostile = await startOne('kafka', { seed: 1, attack, step: 0 });
    const honest = await startOne('kafka', { seed: 1, attack: 'none' });
    expect(await publishTo('kafka', hostile, 'hostile')).toBe(code);
    expect(await publishTo('kafka', honest, 'honest')).toBe('accepted');
  });

  test.each<[KafkaAttack, string]>([
    ['thousandsOfBrokers', 'invalid_frame'],
    ['stringsThatGoBack', 'invalid_frame'],
    ['arrayOf256Megabytes', 'invalid_frame'],
  ])('%s in the metadata is refused', async (attack, code) => {
    const hostile = await startOne('kafka', { seed: 1, attack, step: 1 });
    expect(await publishTo('kafka', hostile, 'hostile')).toBe(code);
  });

  test('SCRAM of billions of iterations is not begun', async () => {
    const hostile = await startOne('kafka', { seed: 1, attack: 'scramForHours', step: 0 });
    const auth = { kind: 'basic', username: 'tender', password: 'secret' } as const;
    const target = brokerTarget('kafka', { port: hostile.port, name: 'scram', auth });
    await expect(brokers.publish(target, brokerMessage('evt_1'))).rejects.toThrow(
      'SCRAM with 2147483647 iterations',
    );
  });
});

describe('a RabbitMQ that sends what no broker sends', () => {
  // Step 2 is the last answer of the handshake: what comes with it used to end the process.
  test.each<[AmqpAttack, number, string]>([
    ['unopenedChannel', 2, 'invalid_frame'],
    ['unopenedHeader', 2, 'invalid_frame'],
    ['badType', 2, 'invalid_frame'],
    ['badMethod', 2, 'invalid_frame'],
    ['noEnd', 2, 'invalid_frame'],
    ['hugeFrame', 2, 'invalid_frame'],
    ['truncatedStart', 0, 'invalid_frame'],
    ['openOk', 0, 'error'],
    ['protocolHeader', 0, 'invalid_frame'],
    ['http', 0, 'invalid_frame'],
    ['deepTable', 0, 'range_error'],
    ['ackUnknown', 4, 'invalid_frame'],
    ['ackGapThenAll', 5, 'invalid_frame'],
    ['deliver', 5, 'invalid_frame'],
    ['heartbeats', 3, 'too_many_bytes'],
    ['returns', 5, 'too_many_bytes'],
    ['returnWithoutEnd', 5, 'too_many_bytes'],
  ])('%s at answer %i is one failed attempt of its endpoint', async (attack, step, code) => {
    const hostile = await startOne('amqp', { seed: 1, attack, step });
    const honest = await startOne('amqp', { seed: 1, attack: 'none' });
    expect(await publishTo('amqp', hostile, 'hostile')).toBe(code);
    expect(await publishTo('amqp', honest, 'honest')).toBe('accepted');
    await until('its sockets gone', () => hostile.openSockets() === 0);
  });
});

describe('memory', () => {
  test.each<[BrokerKind, string]>([
    ['kafka', 'sizeHugeFed'],
    ['kafka', 'zeros'],
    ['amqp', 'hugeFrameFed'],
    ['amqp', 'returnWithoutEnd'],
  ])('of %s does not grow with what %s feeds', async (kind, attack) => {
    const honest = await startOne(kind, { seed: 1, attack: 'none' });
    await publishTo(kind, honest, 'honest');
    const before = process.memoryUsage.rss();
    const hostile = await startOne(kind, { seed: 1, attack, step: kind === 'amqp' ? 5 : 1 });
    expect(await publishTo(kind, hostile, 'hostile')).not.toBe('accepted');
    await until('its sockets gone', () => hostile.openSockets() === 0);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * megabyte);
  });
});

describe.each(['amqp', 'kafka'] as const)('a silent %s broker', (kind) => {
  test('is given up at the deadline, and its socket freed', async () => {
    const silent = await startOne(kind, { seed: 1, attack: 'silence', step: 1 });
    expect(await publishTo(kind, silent, 'silent')).toBe('timeout');
    await until('its sockets gone', () => silent.openSockets() === 0);
  });

  test.each([0, 1, 2])('is left when nobody waits any more, at answer %i', async (step) => {
    const silent = await startOne(kind, { seed: 1, attack: 'silence', step });
    const leaving = new AbortController();
    const target = brokerTarget(kind, { port: silent.port, name: 'silent' });
    const publishing = brokers
      .publish(target, brokerMessage('evt_1'), { signal: leaving.signal })
      .then(() => 'accepted', brokerCodeOf);
    await until('a connection', () => silent.openSockets() === 1);
    leaving.abort();
    expect(await publishing).toBe('cancelled');
    await until('its sockets gone', () => silent.openSockets() === 0);
  });

  test('does not hold up the end', async () => {
    const silent = await startOne(kind, { seed: 1, attack: 'silence', step: 1 });
    const publishing = publishTo(kind, silent, 'silent');
    await until('a connection', () => silent.openSockets() === 1);
    await brokers.close();
    expect(await publishing).toBe('closed');
    await until('its sockets gone', () => silent.openSockets() === 0);
    expect(await publishTo(kind, silent, 'silent')).toBe('closed');
  });
});

test('a signal that is aborted already opens nothing', async () => {
  const honest = await startOne('amqp', { seed: 1, attack: 'none' });
  const target = brokerTarget('amqp', { port: honest.port, name: 'left' });
  const signal = AbortSignal.abort();
  await expect(brokers.publish(target, brokerMessage('evt_1'), { signal })).rejects.toThrow(
    'the caller has gone',
  );
  expect(honest.received()).toBe(0);
});
