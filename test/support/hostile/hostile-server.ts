import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { createSeeded } from './seeded.ts';
import type { Seeded } from './seeded.ts';

/** What a broker does in place of one honest answer. */
export type Attack<Request> = (scene: {
  socket: Socket;
  /** What an honest broker would say now. */
  honest: Buffer;
  request: Request;
  random: Seeded;
}) => void;

export type HostileBroker = {
  port: number;
  /** The name of what it does, and from which answer on. */
  attack: string;
  step: number;
  /** How many messages it has confirmed, or would have. */
  received(): number;
  openSockets(): number;
  close(): Promise<void>;
};

/** How a protocol's honest broker reads what comes, and answers it. */
export type Dialect<Request> = {
  /** A state for each connection: takes bytes, returns the requests that are complete with them. */
  reader(): (chunk: Buffer) => Request[];
  /** What an honest broker answers; undefined where it says nothing. */
  answer(request: Request, port: number): Buffer | undefined;
  isMessage(request: Request): boolean;
  attacks: Readonly<Record<string, Attack<Request>>>;
  /** Answers until the first message is confirmed, that one included. */
  steps: number;
};

export type HostileInput = {
  seed: number;
  /** `none` is an honest broker. */
  attack?: string;
  step?: number;
  /** Where it speaks TLS. */
  tls?: TlsOptions;
  /** For each connection: hears every byte that comes. */
  hears?: () => (chunk: Buffer) => void;
};

/** A broker that behaves up to one answer, chosen by the seed, and does something else from there on. */
export async function startHostile<Request>(
  dialect: Dialect<Request>,
  { seed, attack, step, tls, hears }: HostileInput,
): Promise<HostileBroker> {
  const random = createSeeded(seed);
  const name = attack ?? random.pick(Object.keys(dialect.attacks));
  const from = step ?? random.int(dialect.steps);
  const act = name === 'none' ? undefined : dialect.attacks[name];
  if (!act && name !== 'none') throw new Error(`there is no attack ${name}`);
  const sockets = new Set<Socket>();
  let received = 0;
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setNoDelay(true);
    const read = dialect.reader();
    const hear = hears?.();
    let answers = 0;
    socket.on('data', (chunk) => {
      hear?.(chunk);
      for (const request of read(chunk)) {
        if (dialect.isMessage(request)) received += 1;
        const honest = dialect.answer(request, port);
        if (!honest || socket.destroyed) continue;
        answers += 1;
        if (act && answers > from) act({ socket, honest, request, random });
        else socket.write(honest);
      }
    });
  };
  const server = tls ? createTlsServer(tls, serve) : createServer(serve);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    attack: name,
    step: from,
    received: () => received,
    openSockets: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const megabyte = 1_024 * 1_024;

/** Writes as fast as it is read, up to so many bytes. */
export function flood(socket: Socket, piece: Buffer, mostBytes = 300 * megabyte): void {
  let left = mostBytes;
  const go = () => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length;
      if (!socket.write(piece)) return void socket.once('drain', go);
    }
  };
  go();
}

/** One byte at a time. */
function drip(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at >= bytes.length || socket.destroyed) return clearInterval(timer);
    socket.write(bytes.subarray(at, at + 1));
    at += 1;
  }, 1);
}

/** What a server of anything at all may do. */
export const anyAttacks = {
  silence: () => {},
  end: ({ socket }) => socket.end(),
  reset: ({ socket }) => socket.resetAndDestroy(),
  cut: ({ socket, honest, random }) => socket.write(honest.subarray(0, random.int(honest.length))),
  cutAndEnd: ({ socket, honest, random }) =>
    socket.end(honest.subarray(0, random.int(honest.length))),
  drip: ({ socket, honest }) => drip(socket, honest),
  dripZeros: ({ socket }) => drip(socket, Buffer.alloc(4_096)),
  twice: ({ socket, honest }) => socket.write(Buffer.concat([honest, honest])),
  thousandTimes: ({ socket, honest }) =>
    socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => honest))),
  endless: ({ socket, honest }) => flood(socket, Buffer.concat(Array(64).fill(honest))),
  mutated: ({ socket, honest, random }) => {
    const bytes = Buffer.from(honest);
    for (let count = 1 + random.int(8); count > 0; count -= 1) {
      bytes[random.int(bytes.length)] = random.int(256);
    }
    socket.write(bytes);
  },
  randomBytes: ({ socket, random }) => socket.write(random.bytes(1 + random.int(2_048))),
  zeros: ({ socket }) => flood(socket, Buffer.alloc(65_536)),
  http: ({ socket }) =>
    socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
  tlsAlert: ({ socket }) => socket.write(Buffer.from([0x15, 3, 3, 0, 2, 2, 40])),
} satisfies Record<string, Attack<unknown>>;
