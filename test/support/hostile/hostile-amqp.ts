import { i16, i32, i64, string32, string8, u8 } from './bytes.ts';
import { anyAttacks, flood, startHostile } from './hostile-server.ts';
import type { Attack, Dialect, HostileBroker, HostileInput } from './hostile-server.ts';

type Request = { name: string; tag: number };

const protocolHeaderBytes = 8;

/** One frame: type, channel, size, payload, end. */
export function amqpFrame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([u8(type), i16(channel), i32(payload.length), payload, u8(0xce)]);
}

export function amqpMethod(channel: number, name: string, ...parts: readonly Buffer[]): Buffer {
  const [classId = 0, methodId = 0] = name.split('.').map(Number);
  return amqpFrame(1, channel, Buffer.concat([i16(classId), i16(methodId), ...parts]));
}

const startWith = (properties: Buffer) =>
  amqpMethod(0, '10.10', Buffer.from([0, 9]), properties, string32('PLAIN'), string32('en_US'));
const tuneTo = (channelMax: number, frameMax: number, heartbeat: number) =>
  amqpMethod(0, '10.30', i16(channelMax), i32(frameMax), i16(heartbeat));
const ack = (tag: bigint, isMultiple = false) =>
  amqpMethod(1, '60.80', i64(tag), u8(isMultiple ? 1 : 0));
const closing = (channel: number, code: number) =>
  amqpMethod(
    ...[channel, channel === 0 ? '10.50' : '20.40'],
    ...[i16(code), string8('SOME-REASON'), i16(0), i16(0)],
  );
const heartbeat = amqpFrame(8, 0, Buffer.alloc(0));
const returned = (size: bigint, body: Buffer) =>
  Buffer.concat([
    amqpMethod(1, '60.50', i16(312), string8('NO_ROUTE'), string8('events'), string8('key')),
    amqpFrame(2, 1, Buffer.concat([i16(60), i16(0), i64(size), i16(0)])),
    ...(body.length > 0 ? [amqpFrame(3, 1, body)] : []),
  ]);

function reader(): (chunk: Buffer) => Request[] {
  let held = Buffer.alloc(0);
  let hasHeader = false;
  let tag = 0;
  let bodyBytes = 0;
  const request = (name: string): Request => ({ name, tag });

  /** The request that this frame completes. */
  function take(type: number, payload: Buffer): Request | undefined {
    if (type === 1) {
      const name = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
      return name === '60.40' ? undefined : request(name);
    }
    if (type === 2) bodyBytes = Number(payload.readBigUInt64BE(4));
    else if (type === 3) bodyBytes -= payload.length;
    else return undefined;
    if (bodyBytes > 0) return undefined;
    tag += 1;
    return request('message');
  }

  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    const requests: Request[] = [];
    if (!hasHeader && held.length >= protocolHeaderBytes) {
      hasHeader = true;
      held = held.subarray(protocolHeaderBytes);
      requests.push(request('header'));
    }
    while (hasHeader && held.length >= 8 && held.length >= 8 + held.readUInt32BE(3)) {
      const end = 8 + held.readUInt32BE(3);
      const taken = take(held.readUInt8(0), held.subarray(7, end - 1));
      held = held.subarray(end);
      if (taken) requests.push(taken);
    }
    return requests;
  };
}

function answer({ name, tag }: Request): Buffer | undefined {
  const answers: Record<string, () => Buffer> = {
    header: () => startWith(i32(0)),
    '10.11': () => tuneTo(2_047, 131_072, 0),
    '10.40': () => amqpMethod(0, '10.41', u8(0)),
    '20.10': () => amqpMethod(1, '20.11', i32(0)),
    '85.10': () => amqpMethod(1, '85.11'),
    message: () => ack(BigInt(tag)),
    '20.40': () => amqpMethod(1, '20.41'),
    '10.50': () => amqpMethod(0, '10.51'),
  };
  return answers[name]?.();
}

/** A table in a table, so many times. */
function deepTable(depth: number): Buffer {
  const levels = Array.from({ length: depth }, (_, level) =>
    Buffer.concat([i32(7 * (depth - level)), string8('a'), Buffer.from('F')]),
  );
  return Buffer.concat([...levels, i32(0)]);
}

// Made once: what it costs a fake broker to make one must not be felt by its neighbours.
const deepStart = startWith(deepTable(18_000));
const deepArrayStart = startWith(
  string32(
    Buffer.concat([string8('a'), ...Array<Buffer>(20_000).fill(Buffer.from('A\x00\x01\x00\x00'))]),
  ),
);
const manyHeartbeats = Buffer.concat(Array<Buffer>(4_096).fill(heartbeat));
const manyAcks = Buffer.concat(Array<Buffer>(4_096).fill(ack(1n)));

const attacks = {
  ...anyAttacks,
  unopenedChannel: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, amqpMethod(7, '20.11', i32(0))])),
  unopenedHeader: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, amqpFrame(2, 7, Buffer.alloc(14))])),
  badType: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, amqpFrame(99, 0, Buffer.alloc(8))])),
  badMethod: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, amqpMethod(0, '4242.4242')])),
  noEnd: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 50, 0])])),
  hugeFrame: ({ socket, honest }) =>
    socket.write(Buffer.concat([honest, Buffer.from([1, 0, 0, 0x7f, 0xff, 0xff, 0xf0])])),
  hugeFrameFed: ({ socket, honest }) => {
    socket.write(Buffer.concat([honest, Buffer.from([3, 0, 1, 0x7f, 0xff, 0xff, 0xf0])]));
    flood(socket, Buffer.alloc(1_024 * 1_024));
  },
  truncatedStart: ({ socket }) =>
    socket.write(amqpMethod(0, '10.10', Buffer.from([0, 9]), i32(0x7fffffff))),
  openOk: ({ socket }) => socket.write(amqpMethod(0, '10.41', u8(0))),
  protocolHeader: ({ socket }) => socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1')),
  deepTable: ({ socket }) => socket.write(deepStart),
  deepArray: ({ socket }) => socket.write(deepArrayStart),
  heartbeats: ({ socket }) => flood(socket, manyHeartbeats),
  oddTune: ({ socket, random }) =>
    socket.write(
      tuneTo(random.pick([0, 1, 65_535]), random.pick([0, 1, 4_096, -1]), random.pick([0, 1])),
    ),
  returns: ({ socket }) =>
    flood(socket, Buffer.concat(Array(256).fill(returned(4n, Buffer.from('body'))))),
  returnWithoutEnd: ({ socket }) => {
    socket.write(returned(2n ** 62n, Buffer.alloc(0)));
    flood(socket, amqpFrame(3, 1, Buffer.alloc(65_536)));
  },
  ackUnknown: ({ socket, random }) =>
    socket.write(ack(random.pick([0n, 2n, 9_999n, 2n ** 32n - 1n, 2n ** 53n, -1n]))),
  // The second makes the client go through billions of places.
  ackGapThenAll: ({ socket }) =>
    socket.write(Buffer.concat([ack(4_000_000_000n), ack(4_000_000_001n, true)])),
  ackAll: ({ socket, random }) =>
    socket.write(ack(random.pick([0n, 1n, 2n, 2n ** 31n, 2n ** 62n]), true)),
  acks: ({ socket }) => flood(socket, manyAcks),
  nack: ({ socket }) => socket.write(amqpMethod(1, '60.120', i64(1n), u8(0))),
  deliver: ({ socket }) =>
    socket.write(
      amqpMethod(1, '60.60', string8('tag'), i64(1n), u8(0), string8('events'), string8('key')),
    ),
  channelClose: ({ socket, random }) =>
    socket.write(closing(1, random.pick([200, 404, 0, 65_535]))),
  connectionClose: ({ socket, random }) =>
    socket.write(closing(0, random.pick([200, 320, 403, 0, 65_535]))),
  closeTwice: ({ socket }) => socket.write(Buffer.concat([closing(1, 404), closing(0, 320)])),
  closeOk: ({ socket }) =>
    socket.write(Buffer.concat([amqpMethod(1, '20.41'), amqpMethod(0, '10.51')])),
  blocked: ({ socket, honest }) =>
    socket.write(Buffer.concat([amqpMethod(0, '10.60', string8('low on memory')), honest])),
  blockedForGood: ({ socket }) => socket.write(amqpMethod(0, '10.60', string8('low on memory'))),
  secure: ({ socket }) => socket.write(amqpMethod(0, '10.20', string32('more'))),
  headerAlone: ({ socket }) => socket.write(amqpFrame(2, 1, Buffer.alloc(14))),
  bodyAlone: ({ socket }) => socket.write(amqpFrame(3, 1, Buffer.from('body'))),
  emptyMethod: ({ socket }) => socket.write(amqpFrame(1, 0, Buffer.alloc(0))),
  wrongSizeInside: ({ socket, honest, random }) => {
    const bytes = Buffer.from(honest);
    const at = Math.min(11 + random.int(bytes.length), bytes.length - 5);
    bytes.writeInt32BE(random.pick([0x7fffffff, -1, -5, 0x01ffffff]), Math.max(at, 0));
    socket.write(bytes);
  },
} satisfies Record<string, Attack<Request>>;

const dialect: Dialect<Request> = {
  reader,
  answer,
  attacks,
  isMessage: ({ name }) => name === 'message',
  // start, tune, open-ok, channel's open-ok, select-ok, ack
  steps: 6,
};

export type AmqpAttack = keyof typeof attacks;
export const amqpAttacks = Object.keys(attacks) as AmqpAttack[];

/** A RabbitMQ that takes everything for every exchange. */
export function startHostileAmqp(input: HostileInput): Promise<HostileBroker> {
  return startHostile(dialect, input);
}
