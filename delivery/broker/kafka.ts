import { Kafka, Partitioners } from 'kafkajs';
import type { ISocketFactory, SASLOptions } from 'kafkajs';
import type { SaslMechanism } from '../../domain/delivery.ts';
import type { EndpointAuth } from '../send/access.ts';
import { connectTimeoutMs, timeoutMs, tlsOf } from '../send/connections.ts';
import type { Tls } from '../send/connections.ts';
import type { GuardedSockets } from './guarded-sockets.ts';
import { hardenKafkajs } from './harden-kafkajs.ts';
import { kafkaFraming } from './kafka-framing.ts';
import { messageHeaders } from './publisher.ts';
import type { Publisher, PublisherInput } from './publisher.ts';

// The endpoint's own schedule retries; the client's retries only cover a leader that has moved.
const clientRetries = 2;
const allInSync = -1;

hardenKafkajs();

/** Publishes to an existing Kafka topic, confirmed by all in-sync replicas. */
export async function openKafka(input: PublisherInput<'kafka'>): Promise<Publisher> {
  const { url, destination, auth, guard, onBroken } = input;
  const isTls = url.protocol === 'kafkas:';
  const tls = isTls ? tlsOf(auth.kind === 'mtls' ? auth : undefined) : undefined;
  const kafka = new Kafka({
    clientId: 'tender',
    brokers: [`${url.hostname}:${url.port || (isTls ? 9093 : 9092)}`],
    ...(tls && { ssl: { ...tls } }),
    ...saslOf(auth, destination.saslMechanism),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: timeoutMs,
    retry: { retries: clientRetries, initialRetryTime: 100 },
    socketFactory: factoryOf(guard(kafkaFraming), tls),
    // The record of the attempt shows failures.
    logCreator: () => () => {},
  });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  producer.on('producer.disconnect', () => onBroken());
  await producer.connect();
  return {
    async publish({ resourceId, contentType, headers, body }) {
      await producer.send({
        topic: destination.topic,
        acks: allInSync,
        timeout: timeoutMs,
        messages: [
          {
            key: resourceId,
            value: Buffer.from(body),
            headers: {
              ...messageHeaders(headers, { cloudEventsPrefix: 'ce_' }),
              'content-type': contentType,
            },
          },
        ],
      });
    },
    close: () => producer.disconnect().catch(() => {}),
  };
}

function saslOf(auth: EndpointAuth, mechanism: SaslMechanism): { sasl?: SASLOptions } {
  if (auth.kind !== 'basic') return {};
  const { username, password } = auth;
  return { sasl: { mechanism, username, password } };
}

/** Every socket of the client, also to brokers that the cluster names, is guarded. */
function factoryOf(sockets: GuardedSockets, tls: Tls | undefined): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = sockets.connect({ host, port, tls });
    return socket.once(tls ? 'secureConnect' : 'connect', onConnect);
  };
}
