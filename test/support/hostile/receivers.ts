import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/**
 * Every way in which an HTTP peer can behave that is not a plain answer. `right`: what an attempt there comes to:
 * `delivered` where the peer has said so in valid HTTP, or said so and then misbehaved; `failed` else.
 */
export type Misbehaviour = {
  name: string;
  right: 'delivered' | 'failed';
  answer: (socket: Socket, pace: Pace) => void;
};

/** How often a dripping peer writes; `write` stops by itself when the socket is gone. */
type Pace = { everyMs: number };

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function drip(socket: Socket, { everyMs }: Pace, next: (count: number) => string | Buffer): void {
  let count = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || socket.writableEnded) return clearInterval(timer);
    socket.write(next(count++));
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** As fast as the peer takes it. */
function flood(socket: Socket, piece: string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const large = Buffer.alloc(1024 * 1024, 'a');

export const misbehaviours: readonly Misbehaviour[] = [
  // Valid HTTP (RFC 9110, 15.2; RFC 9112).
  {
    name: '100 Continue unasked, then 200',
    right: 'delivered',
    answer: (s) => s.write(`HTTP/1.1 100 Continue\r\n\r\n${ok}`),
  },
  {
    name: '100, 102 and 103 in pieces, then 200',
    right: 'delivered',
    answer: (s, pace) => {
      const all = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok}`;
      drip(s, { everyMs: Math.min(pace.everyMs, 2) }, (i) => all.slice(i * 9, i * 9 + 9));
    },
  },
  {
    name: 'HTTP/1.0 and closed',
    right: 'delivered',
    answer: (s) => s.end('HTTP/1.0 200 OK\r\n\r\nok'),
  },
  { name: 'no reason phrase', right: 'delivered', answer: (s) => s.write('HTTP/1.1 204 \r\n\r\n') },
  {
    name: 'chunks with extensions and a trailer',
    right: 'delivered',
    answer: (s) =>
      s.write(
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n',
      ),
  },
  {
    name: '40 kB of headers',
    right: 'delivered',
    answer: (s) =>
      s.write(
        `HTTP/1.1 200 OK\r\n${`x-filler: ${'a'.repeat(1000)}\r\n`.repeat(40)}content-length: 0\r\n\r\n`,
      ),
  },
  {
    name: '200 without a length, then silence',
    right: 'delivered',
    answer: (s) => s.write('HTTP/1.1 200 OK\r\n\r\nok'),
  },
  // The status is known; the rest is not worth losing it.
  {
    name: '200, then reset',
    right: 'delivered',
    answer: (s) =>
      s.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', () => s.resetAndDestroy()),
  },
  {
    name: '200, then fewer bytes than announced',
    right: 'delivered',
    answer: (s) => s.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'),
  },
  {
    name: '200, then a broken chunk',
    right: 'delivered',
    answer: (s) => s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
  },
  {
    name: '200, then a body in drips',
    right: 'delivered',
    answer: (s, pace) => {
      s.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      drip(s, pace, () => 'a');
    },
  },
  {
    name: '200, then a body without an end',
    right: 'delivered',
    answer: (s) => {
      s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      flood(s, Buffer.concat([Buffer.from('100000\r\n'), large, Buffer.from('\r\n')]));
    },
  },
  {
    name: '200 with a compressed bomb',
    right: 'delivered',
    answer: (s) => {
      const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
      s.write(
        `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`,
      );
      s.write(bomb);
    },
  },
  { name: 'two answers to one request', right: 'delivered', answer: (s) => s.write(ok + ok) },
  // No status, or one that is no success.
  { name: 'silence', right: 'failed', answer: () => {} },
  { name: 'closed at once', right: 'failed', answer: (s) => s.end() },
  { name: 'reset at once', right: 'failed', answer: (s) => s.resetAndDestroy() },
  {
    name: '102 every so often, for ever',
    right: 'failed',
    answer: (s, pace) => drip(s, pace, () => 'HTTP/1.1 102 Processing\r\n\r\n'),
  },
  {
    name: '100 every so often, for ever',
    right: 'failed',
    answer: (s, pace) => drip(s, pace, () => 'HTTP/1.1 100 Continue\r\n\r\n'),
  },
  {
    name: 'interim answers as fast as they are taken',
    right: 'failed',
    answer: (s) => flood(s, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100)),
  },
  {
    name: 'an interim answer without an end',
    right: 'failed',
    answer: (s) => {
      s.write('HTTP/1.1 103 Early Hints\r\n');
      flood(s, 'x-filler: a\r\n'.repeat(1000));
    },
  },
  {
    name: 'headers in drips',
    right: 'failed',
    answer: (s, pace) => {
      s.write('HTTP/1.1 200 OK\r\n');
      drip(s, pace, () => 'x-filler: a\r\n');
    },
  },
  {
    name: 'a status line in drips',
    right: 'failed',
    answer: (s, pace) =>
      drip(s, pace, (i) => 'HTTP/1.1 200 OK, or so it seems'.padEnd(10_000, 'x').slice(i, i + 1)),
  },
  {
    name: 'headers without an end',
    right: 'failed',
    answer: (s) => {
      s.write('HTTP/1.1 200 OK\r\n');
      flood(s, `x-filler: ${'a'.repeat(1000)}\r\n`.repeat(100));
    },
  },
  {
    name: 'a switch of protocols',
    right: 'failed',
    answer: (s) =>
      s.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  },
  { name: 'no HTTP', right: 'failed', answer: (s) => s.write('SSH-2.0-OpenSSH_9.2\r\n') },
  { name: 'noise without an end', right: 'failed', answer: (s) => flood(s, large) },
  {
    name: 'a redirect',
    right: 'failed',
    answer: (s) =>
      s.write(
        'HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n',
      ),
  },
  {
    name: '500 with a body without an end',
    right: 'failed',
    answer: (s) => {
      s.write('HTTP/1.1 500 Oh\r\n\r\n');
      flood(s, large);
    },
  },
  {
    name: '500 with a body in drips',
    right: 'failed',
    answer: (s, pace) => {
      s.write('HTTP/1.1 500 Oh\r\ncontent-length: 100000\r\n\r\n');
      drip(s, pace, () => 'a');
    },
  },
  {
    name: 'Retry-After beyond all bounds',
    right: 'failed',
    answer: (s) =>
      s.write(
        'HTTP/1.1 503 Later\r\nretry-after: 99999999999999999999\r\ncontent-length: 0\r\n\r\n',
      ),
  },
];

/** A receiver that answers by `misbehaviour` as soon as a request's head is there. */
export async function startMisbehaving(
  misbehaviour: Misbehaviour,
  { pace = { everyMs: 50 } }: { pace?: Pace } = {},
): Promise<{ url: string; requests: () => number; open: () => number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      if (!bytes.includes('HTTP/1.1\r\n')) return;
      requests += 1;
      misbehaviour.answer(socket, pace);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    requests: () => requests,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
