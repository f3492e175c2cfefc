import { array32, i16, i32, i64, string16, string32, u8 } from './bytes.ts';
import { anyAttacks, flood, startHostile } from './hostile-server.ts';
import type { Attack, Dialect, HostileBroker, HostileInput } from './hostile-server.ts';

type Request = { apiKey: number; version: number; correlationId: number; body: Buffer };

const [produce, metadata, saslHandshake, apiVersions, saslAuthenticate] = [0, 3, 17, 18, 36];
const topic = 'events';

function reader(): (chunk: Buffer) => Request[] {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    const requests: Request[] = [];
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      const frame = held.subarray(4, end);
      held = held.subarray(end);
      requests.push({
        apiKey: frame.readInt16BE(0),
        version: frame.readInt16BE(2),
        correlationId: frame.readInt32BE(4),
        body: frame.subarray(10 + Math.max(frame.readInt16BE(8), 0)),
      });
    }
    return requests;
  };
}

/** One answer with its size and the number of its request. */
export function kafkaAnswer(correlationId: number, body: Buffer): Buffer {
  return Buffer.concat([i32(4 + body.length), i32(correlationId), body]);
}

const oneBroker = (nodeId: number, port: number) =>
  Buffer.concat([i32(nodeId), string16('127.0.0.1'), i32(port), i16(-1)]);

function metadataOf(brokers: readonly Buffer[], partitions: number): Buffer {
  const partition = (id: number) =>
    Buffer.concat([i16(0), i32(id), i32(1), array32([i32(1)]), array32([i32(1)])]);
  const ids = Array.from({ length: partitions }, (_, id) => partition(id));
  return Buffer.concat([
    ...[array32(brokers), i32(1)],
    array32([Buffer.concat([i16(0), string16(topic), u8(0), array32(ids)])]),
  ]);
}

function produced(body: Buffer): Buffer {
  // transactional id, acks, timeout, one topic with its name, one partition
  const at = body.readInt16BE(0) === -1 ? 2 : 2 + body.readInt16BE(0);
  const nameAt = at + 2 + 4 + 4;
  const name = body.subarray(nameAt + 2, nameAt + 2 + body.readInt16BE(nameAt));
  const partition = body.readInt32BE(nameAt + 2 + name.length + 4);
  const one = Buffer.concat([i32(partition), i16(0), i64(0n), i64(-1n)]);
  return Buffer.concat([
    array32([Buffer.concat([string16(name.toString()), array32([one])])]),
    i32(0),
  ]);
}

function answer({ apiKey, correlationId, body }: Request, port: number): Buffer {
  if (apiKey === apiVersions) {
    const supported = [
      [produce, 3, 3],
      [metadata, 1, 1],
      [saslHandshake, 1, 1],
      [apiVersions, 0, 2],
      [saslAuthenticate, 0, 0],
    ].map((api) => Buffer.concat(api.map((number) => i16(number))));
    return kafkaAnswer(correlationId, Buffer.concat([i16(0), array32(supported), i32(0)]));
  }
  if (apiKey === metadata) {
    return kafkaAnswer(correlationId, metadataOf([oneBroker(1, port)], 3));
  }
  if (apiKey === saslHandshake) {
    const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].map(string16);
    return kafkaAnswer(correlationId, Buffer.concat([i16(0), array32(mechanisms)]));
  }
  // What PLAIN wants to hear, and nothing else.
  if (apiKey === saslAuthenticate) return authenticated(correlationId, '');
  return kafkaAnswer(correlationId, produced(body));
}

function authenticated(correlationId: number, text: string): Buffer {
  return kafkaAnswer(correlationId, Buffer.concat([i16(0), i16(-1), string32(text)]));
}

const lengths = [0x7fffffff, 0x01ffffff, 0x00100000, -2, -5, -0x80000000];

const attacks = {
  ...anyAttacks,
  sizeZero: ({ socket }) => socket.write(i32(0)),
  sizeNegative: ({ socket }) => socket.write(Buffer.concat([i32(-5), Buffer.alloc(64)])),
  sizeHuge: ({ socket }) => socket.write(i32(0x7ffffff0)),
  sizeHugeFed: ({ socket }) => {
    socket.write(i32(0x7ffffff0));
    flood(socket, Buffer.alloc(1_024 * 1_024));
  },
  sizeAtTheCap: ({ socket }) => {
    socket.write(i32(512 * 1_024));
    flood(socket, Buffer.alloc(65_536, 0xff), 511 * 1_024);
  },
  wrongId: ({ socket, honest, random }) => {
    const bytes = Buffer.from(honest);
    bytes.writeInt32BE(random.pick([-1, 99_999, 0x7fffffff]), 4);
    socket.write(bytes);
  },
  noBody: ({ socket, honest }) => socket.write(Buffer.concat([i32(4), honest.subarray(4, 8)])),
  wrongArrayLength: ({ socket, honest, random }) => {
    const bytes = Buffer.from(honest);
    const at = 8 + random.int(Math.max(bytes.length - 12, 1));
    bytes.writeInt32BE(random.pick(lengths) | 0, Math.min(at, bytes.length - 4));
    socket.write(bytes);
  },
  // V8 ends the process for it where a heap has a limit.
  arrayOf256Megabytes: ({ socket, request }) => {
    const body = request.apiKey === apiVersions ? [i16(0), i32(0x01ffffff)] : [i32(0x01ffffff)];
    socket.write(kafkaAnswer(request.correlationId, Buffer.concat([...body, Buffer.alloc(64)])));
  },
  wrongStringLength: ({ socket, honest, random }) => {
    const bytes = Buffer.from(honest);
    const at = 8 + random.int(Math.max(bytes.length - 10, 1));
    bytes.writeInt16BE(random.pick([0x7fff, -2, -5, -0x8000]), at);
    socket.write(bytes);
  },
  // Each string goes back to where it began.
  stringsThatGoBack: ({ socket, request }) => {
    const back = Buffer.concat([i32(0), i16(-12), i32(0), i16(-1)]);
    const brokers = Array.from({ length: 10_000 }, () => back);
    socket.write(kafkaAnswer(request.correlationId, array32(brokers)));
  },
  thousandsOfBrokers: ({ socket, request }) => {
    const brokers = Array.from({ length: 16_000 }, (_, id) => oneBroker(id, 1 + (id % 65_000)));
    socket.write(kafkaAnswer(request.correlationId, metadataOf(brokers, 1)));
  },
  manyBrokersNowhere: ({ socket, request }) => {
    const brokers = Array.from({ length: 900 }, (_, id) => oneBroker(id, -1 - id));
    socket.write(kafkaAnswer(request.correlationId, metadataOf(brokers, 900)));
  },
  manyPartitions: ({ socket, request }) =>
    socket.write(kafkaAnswer(request.correlationId, metadataOf([oneBroker(1, 1)], 16_000))),
  // Work of hours in the threads that look up names and read files for everybody.
  scramForHours: ({ socket, honest, request }) => {
    if (request.apiKey !== saslAuthenticate) return void socket.write(honest);
    const nonce = /r=(.*)$/.exec(request.body.toString('latin1'))?.[1] ?? '';
    const salt = Buffer.from('salt').toString('base64');
    const first = `r=${nonce}1,s=${salt},i=2147483647`;
    socket.write(authenticated(request.correlationId, first));
  },
  throttled: ({ socket, request }) =>
    socket.write(
      kafkaAnswer(request.correlationId, Buffer.concat([i16(0), array32([]), i32(0x7fffffff)])),
    ),
  refused: ({ socket, request, random }) => {
    const code = random.int(90) - 1;
    const body =
      request.apiKey === apiVersions
        ? Buffer.concat([i16(code), array32([]), i32(0)])
        : Buffer.concat([
            array32([Buffer.concat([string16(topic), array32([i32(0), i16(code)])])]),
          ]);
    socket.write(kafkaAnswer(request.correlationId, body));
  },
} satisfies Record<string, Attack<Request>>;

const dialect: Dialect<Request> = {
  reader,
  attacks,
  answer(request, port) {
    try {
      return answer(request, port);
    } catch {
      // A client that believes of us what we did not say asks in versions that we do not read.
      return undefined;
    }
  },
  isMessage: ({ apiKey }) => apiKey === produce,
  // versions, metadata, produce
  steps: 3,
};

export type KafkaAttack = keyof typeof attacks;
export const kafkaAttacks = Object.keys(attacks) as KafkaAttack[];

/** A Kafka of one node and one topic, `events`. */
export function startHostileKafka(input: HostileInput): Promise<HostileBroker> {
  return startHostile(dialect, input);
}
