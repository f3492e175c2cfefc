import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One keep-alive connection that is asked one thing at a time. */
type Line = { socket: Socket; answered: (answer: Buffer) => void; failed: (error: Error) => void };

export type RawHttpClient = {
  /** Sends a JSON body; resolves with the answer's status, rejects with its text where that is not 2xx. */
  post(path: string, body: string): Promise<number>;
  close(): void;
};

/**
 * A client that costs a fraction of what it measures: on two cores whatever the load takes is missing where it
 * is served. HTTP/1.1 to one server that says `Content-Length`, no redirects, nothing else.
 */
export function createRawHttpClient(input: {
  url: string;
  headers: Readonly<Record<string, string>>;
}): RawHttpClient {
  const { hostname, port, host } = new URL(input.url);
  const head = Object.entries({ host, ...input.headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const idle: Line[] = [];
  const all = new Set<Line>();

  function open(): Line {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const line: Line = { socket, answered: () => {}, failed: () => {} };
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (received.length < lengthOf(received)) return;
      const answer = received;
      received = Buffer.alloc(0);
      line.answered(answer);
    });
    socket.on('error', (error) => line.failed(error));
    socket.on('close', () => {
      all.delete(line);
      idle.splice(0, idle.length, ...idle.filter((one) => one !== line));
      line.failed(new Error('the server closed the connection'));
    });
    all.add(line);
    return line;
  }

  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const line = idle.pop() ?? open();
        line.failed = reject;
        line.answered = (answer) => {
          idle.push(line);
          const status = Number(answer.toString('latin1', 9, 12));
          if (status >= 200 && status < 300) resolve(status);
          else reject(new Error(`${path}: ${answer.toString()}`));
        };
        line.socket.write(
          `POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      }),
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}

/** How long the whole answer is; endless until its head is there. */
function lengthOf(received: Buffer): number {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return Infinity;
  const declared = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  return end + '\r\n\r\n'.length + Number(declared ?? 0);
}
