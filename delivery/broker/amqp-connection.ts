import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { credentials } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { frameMaxBytes } from './amqp-framing.ts';

type AmqpConnection = {
  on(event: 'error', listener: (error: Error) => void): void;
  open(fields: object, done: (error: Error | null) => void): void;
};

// amqplib's own `connect` opens the socket itself and reads on before anyone can listen to 'error': an invalid frame in
// the same chunk as the end of the handshake ends the process. So its parts are assembled here.
const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve('amqplib')), 'lib');
const { Connection } = require(join(folder, 'connection.js')) as {
  Connection: new (socket: Socket) => AmqpConnection;
};
const { ChannelModel: Model } = require(join(folder, 'channel_model.js')) as {
  ChannelModel: new (connection: AmqpConnection) => ChannelModel;
};

const heartbeatSeconds = 20;

/** Performs the AMQP handshake on a connected socket. `onError` is attached before the first byte. */
export function openAmqpConnection(
  socket: Socket,
  input: { username: string; password: string; vhost: string; onError: (error: Error) => void },
): Promise<ChannelModel> {
  const { username, password, vhost, onError } = input;
  const { mechanism, response } = credentials.plain(username, password);
  const connection = new Connection(socket);
  connection.on('error', onError);
  const fields = {
    clientProperties: {
      product: 'tender',
      connection_name: 'tender',
      capabilities: {
        publisher_confirms: true,
        'basic.nack': true,
        'connection.blocked': true,
        authentication_failure_close: true,
      },
    },
    mechanism,
    response: response(),
    locale: 'en_US',
    channelMax: 1,
    frameMax: frameMaxBytes,
    maxFrameSize: frameMaxBytes,
    heartbeat: heartbeatSeconds,
    virtualHost: vhost,
    capabilities: '',
    insist: 0,
  };
  return new Promise((resolve, reject) => {
    connection.open(fields, (error) => {
      if (error) return reject(error);
      const model = new Model(connection);
      // The model re-emits the connection's errors and needs a listener from the start too.
      model.on('error', onError);
      resolve(model);
    });
  });
}
