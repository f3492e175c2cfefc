import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isIP } from 'node:net';
import { Kafka, Partitioners } from 'kafkajs';
import type { ISocketFactory, SASLOptions } from 'kafkajs';
import type { SaslMechanism } from '../../domain/delivery.ts';
import type { EndpointAuth } from '../access.ts';
import { connectTimeoutMs, timeoutMs, tlsOf } from '../connections.ts';
import { guardedSocket } from '../target-guard.ts';
import { messageHeaders } from './publisher.ts';
import type { Publisher, PublisherInput } from './publisher.ts';

// Tried again by the endpoint's own schedule; the client's own tries are for a leader that has moved.
const clientRetries = 2;
const allInSync = -1;

/** Publishes to a Kafka topic, confirmed by all in-sync replicas. The topic has to be there. */
export async function openKafka(input: PublisherInput<'kafka'>): Promise<Publisher> {
  const { url, destination, auth, allowPrivate, onBroken } = input;
  const isTls = url.protocol === 'kafkas:';
  const kafka = new Kafka({
    clientId: 'tender',
    brokers: [`${url.hostname}:${url.port || (isTls ? 9093 : 9092)}`],
    ...(isTls && { ssl: tlsOf(auth.kind === 'mtls' ? auth : undefined) }),
    ...saslOf(auth, destination.saslMechanism),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: timeoutMs,
    retry: { retries: clientRetries, initialRetryTime: 100 },
    socketFactory: guardedFactory({ allowPrivate }),
    // What fails is said in the record of the attempt.
    logCreator: () => () => {},
  });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  producer.on('producer.disconnect', onBroken);
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

/** Every socket of the client, also to the brokers that a cluster names, is held to the target guard. */
function guardedFactory({ allowPrivate }: { allowPrivate: boolean }): ISocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const guard = guardedSocket(host, { allowPrivate });
    if (!ssl) return connectPlain({ host, port, ...guard }, onConnect);
    const servername = isIP(host) ? {} : { servername: host };
    return connectTls({ host, port, ...servername, ...guard, ...ssl }, onConnect);
  };
}
