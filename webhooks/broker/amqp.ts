import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { connectTimeoutMs, tlsOf } from '../connections.ts';
import { guardedSocket } from '../target-guard.ts';
import { BrokerRefusal, messageHeaders } from './publisher.ts';
import type { BrokerMessage, Publisher, PublisherInput } from './publisher.ts';

const heartbeatSeconds = 20;
// A short string of AMQP 0-9-1, 4.2.5.3.
const longestKeyBytes = 255;

/**
 * Publishes to a RabbitMQ exchange (AMQP 0-9-1): persistent, `mandatory`, each message confirmed by the
 * broker. One that no queue is bound for is `unroutable`, not delivered.
 */
export async function openAmqp(input: PublisherInput<'amqp'>): Promise<Publisher> {
  const { destination, onBroken } = input;
  const model = await connectTo(input);
  let broken: Error | undefined;
  const fail = (error?: Error) => {
    broken ??= error;
    onBroken();
  };
  model.on('error', fail);
  model.on('close', fail);
  const channel = await openChannel(model, fail);
  const returned = new Set<string>();
  channel.on('return', ({ properties }) => returned.add(String(properties.messageId)));

  return {
    publish: (message) =>
      new Promise((resolve, reject) => {
        const routingKey = routingKeyOf(destination.routingKey, message);
        const content = Buffer.from(message.body);
        channel.publish(
          ...[destination.exchange, routingKey, content, propertiesOf(message)],
          (error: Error | null) => {
            // The broker returns a message before it confirms it.
            const isUnroutable = returned.delete(message.id);
            if (error) reject(broken ?? new BrokerRefusal('nacked', error.message));
            else if (isUnroutable) reject(unroutable(destination.exchange, routingKey));
            else resolve();
          },
        );
      }),
    close: () => model.close().catch(() => {}),
  };
}

function connectTo({ url, auth, allowPrivate }: PublisherInput<'amqp'>): Promise<ChannelModel> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return connect(
    {
      protocol: url.protocol.slice(0, -1),
      hostname,
      port: Number(url.port) || (url.protocol === 'amqps:' ? 5671 : 5672),
      username: auth.kind === 'basic' ? auth.username : 'guest',
      password: auth.kind === 'basic' ? auth.password : 'guest',
      vhost: decodeURIComponent(url.pathname.slice(1)) || '/',
      heartbeat: heartbeatSeconds,
    },
    {
      ...guardedSocket(hostname, { allowPrivate }),
      ...tlsOf(auth.kind === 'mtls' ? auth : undefined),
      timeout: connectTimeoutMs,
      noDelay: true,
      clientProperties: { connection_name: 'tender' },
    },
  );
}

async function openChannel(
  model: ChannelModel,
  fail: (error?: Error) => void,
): Promise<ConfirmChannel> {
  try {
    const channel = await model.createConfirmChannel();
    // A channel that is refused something is closed, and its connection with it: it has no other.
    channel.on('error', fail);
    channel.on('close', fail);
    return channel;
  } catch (error) {
    await model.close().catch(() => {});
    throw error;
  }
}

function propertiesOf(message: BrokerMessage) {
  return {
    persistent: true,
    mandatory: true,
    messageId: message.id,
    type: message.type.slice(0, longestKeyBytes),
    contentType: message.contentType,
    timestamp: Math.floor(Date.now() / 1_000),
    appId: 'tender',
    headers: messageHeaders(message.headers, { cloudEventsPrefix: 'cloudEvents:' }),
  };
}

function routingKeyOf(template: string, { type, resourceId }: BrokerMessage): string {
  const key = template.replaceAll('{type}', type).replaceAll('{resourceId}', resourceId);
  if (Buffer.byteLength(key) <= longestKeyBytes) return key;
  throw new BrokerRefusal('unencodable', `the routing key is longer than ${longestKeyBytes} bytes`);
}

function unroutable(exchange: string, routingKey: string): BrokerRefusal {
  const where = `exchange "${exchange}", routing key "${routingKey}"`;
  return new BrokerRefusal('unroutable', `no queue is bound for it: ${where}`);
}
