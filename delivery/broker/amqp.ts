import { once } from 'node:events';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { connectTimeoutMs, tlsOf } from '../send/connections.ts';
import { openAmqpConnection } from './amqp-connection.ts';
import { amqpFraming } from './amqp-framing.ts';
import type { GuardedSockets } from './guarded-sockets.ts';
import { messageHeaders } from './publisher.ts';
import { BrokerRefusal } from './refusal.ts';
import type { BrokerMessage, Publisher, PublisherInput } from './publisher.ts';

// A short string of AMQP 0-9-1, 4.2.5.3.
const longestKeyBytes = 255;

/**
 * Publishes to a RabbitMQ exchange (AMQP 0-9-1): persistent and `mandatory` messages with publisher confirms. A message
 * without a bound queue is `unroutable`, not delivered.
 */
export async function openAmqp(input: PublisherInput<'amqp'>): Promise<Publisher> {
  const { destination, guard, onBroken } = input;
  let published = 0;
  const sockets = guard(amqpFraming({ published: () => published }));
  const model = await connectTo(input, sockets);
  model.on('close', (error?: Error) => onBroken(error));
  const channel = await openChannel(model, onBroken);
  // By message id: whether the message was returned. A broker may also return unknown messages.
  const waiting = new Map<string, { isReturned: boolean }>();
  channel.on('return', ({ properties }) => {
    const returned = waiting.get(String(properties.messageId));
    if (returned) returned.isReturned = true;
  });

  return {
    publish: (message) =>
      new Promise((resolve, reject) => {
        const routingKey = routingKeyOf(destination.routingKey, message);
        const content = Buffer.from(message.body);
        const sent = { isReturned: false };
        waiting.set(message.id, sent);
        published += 1;
        channel.publish(
          ...[destination.exchange, routingKey, content, propertiesOf(message)],
          (error: Error | null) => {
            if (waiting.get(message.id) === sent) waiting.delete(message.id);
            // The broker returns a message before it confirms it.
            if (error) reject(new BrokerRefusal('nacked', error.message));
            else if (sent.isReturned) reject(unroutable(destination.exchange, routingKey));
            else resolve();
          },
        );
      }),
    close: () => model.close().catch(() => {}),
  };
}

async function connectTo(
  { url, auth, onBroken }: PublisherInput<'amqp'>,
  sockets: GuardedSockets,
): Promise<ChannelModel> {
  const isTls = url.protocol === 'amqps:';
  const socket = sockets.connect({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isTls ? 5671 : 5672),
    ...(isTls && { tls: tlsOf(auth.kind === 'mtls' ? auth : undefined) }),
  });
  socket.setNoDelay(true);
  socket.setTimeout(connectTimeoutMs, () => {
    socket.destroy(new BrokerRefusal('etimedout', 'the broker does not respond'));
  });
  await once(socket, isTls ? 'secureConnect' : 'connect');
  const model = await openAmqpConnection(socket, {
    username: auth.kind === 'basic' ? auth.username : 'guest',
    password: auth.kind === 'basic' ? auth.password : 'guest',
    vhost: decodeURIComponent(url.pathname.slice(1)) || '/',
    onError: onBroken,
  });
  socket.setTimeout(0);
  return model;
}

async function openChannel(
  model: ChannelModel,
  fail: (error?: Error) => void,
): Promise<ConfirmChannel> {
  const channel = await model.createConfirmChannel();
  // An error closes the channel, and so its connection, which has no other.
  channel.on('error', fail);
  channel.on('close', () => fail());
  return channel;
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
  return new BrokerRefusal('unroutable', `no queue is bound: ${where}`);
}
