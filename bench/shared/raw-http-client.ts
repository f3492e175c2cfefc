import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One keep-alive connection with one request at a time. */
type Connection = {
  socket: Socket;
  onResponse: (answer: Buffer) => void;
  onError: (error: Error) => void;
};

export type RawHttpClient = {
  /** Sends a JSON body. Resolves with the response's status; rejects with its text unless it is 2xx. */
  post(path: string, body: string): Promise<number>;
  close(): void;
};

/**
 * An HTTP/1.1 client that uses little CPU, because the load generator shares two cores with the server. It supports one
 * server that sends `Content-Length`, and no redirects.
 */
export function createRawHttpClient(input: {
  url: string;
  headers: Readonly<Record<string, string>>;
}): RawHttpClient {
  const { hostname, port, host } = new URL(input.url);
  const head = Object.entries({ host, ...input.headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const idle: Connection[] = [];
  const all = new Set<Connection>();

  function open(): Connection {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection: Connection = { socket, onResponse: () => {}, onError: () => {} };
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (received.length < lengthOf(received)) return;
      const answer = received;
      received = Buffer.alloc(0);
      connection.onResponse(answer);
    });
    socket.on('error', (error) => connection.onError(error));
    socket.on('close', () => {
      all.delete(connection);
      idle.splice(0, idle.length, ...idle.filter((one) => one !== connection));
      connection.onError(new Error('the server closed the connection'));
    });
    all.add(connection);
    return connection;
  }

  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const connection = idle.pop() ?? open();
        connection.onError = reject;
        connection.onResponse = (answer) => {
          idle.push(connection);
          const status = Number(answer.toString('latin1', 9, 12));
          if (status >= 200 && status < 300) resolve(status);
          else reject(new Error(`${path}: ${answer.toString()}`));
        };
        connection.socket.write(
          `POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      }),
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}

/** The length of the whole response; infinite until its head has arrived. */
function lengthOf(received: Buffer): number {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return Infinity;
  const declared = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  return end + '\r\n\r\n'.length + Number(declared ?? 0);
}
