import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** What a name server says of a name: addresses, that there are none, or nothing at all. */
export type NameAnswer = Addresses | 'absent' | 'silence';

export type Addresses = {
  a?: string[];
  ttlSeconds?: number;
  /** How late it says so. */
  delayMs?: number;
  /** What is wrong with the answer; `cut` ends it in the middle, `truncated` says to ask again by TCP. */
  fault?: 'truncated' | 'wrongId' | 'cut' | 'noise';
};

const [typeA, typeAaaa] = [1, 28];

/** A name server on loopback (RFC 1035, UDP), as hostile as `answer` makes it. Counts what it is asked. */
export async function startNameServer(answer: (name: string) => NameAnswer): Promise<{
  address: string;
  asked: () => readonly string[];
  close(): Promise<void>;
}> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  let isOpen = true;
  socket.on('message', (query, from) => {
    const { name, end, type } = questionOf(query);
    if (type === typeA) asked.push(name);
    const said = answer(name);
    if (said === 'silence') return;
    const reply = spoiltBy(said, replyTo(query.subarray(0, end), said, type));
    const send = () => isOpen && socket.send(reply, from.port, from.address);
    const delayMs = said === 'absent' ? undefined : said.delayMs;
    if (delayMs === undefined) send();
    else setTimeout(send, delayMs).unref();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    close: async () => {
      isOpen = false;
      socket.close();
      await once(socket, 'close');
    },
  };
}

function spoiltBy(said: Exclude<NameAnswer, 'silence'>, reply: Buffer): Buffer {
  const fault = said === 'absent' ? undefined : said.fault;
  if (fault === 'noise') return Buffer.alloc(reply.length, 0xff);
  if (fault === 'cut') return reply.subarray(0, reply.length - 7);
  if (fault === 'wrongId') reply.writeUInt16BE(reply.readUInt16BE(0) ^ 1, 0);
  if (fault === 'truncated') reply.writeUInt16BE(reply.readUInt16BE(2) | 0x0200, 2);
  return reply;
}

function questionOf(query: Buffer): { name: string; end: number; type: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString());
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5, type: query.readUInt16BE(at + 1) };
}

function replyTo(question: Buffer, said: Exclude<NameAnswer, 'silence'>, type: number): Buffer {
  const head = Buffer.from(question);
  const addresses = said !== 'absent' && type === typeA ? (said.a ?? []) : [];
  const isKnownType = type === typeA || type === typeAaaa;
  const [responded, absent] = [0x8180, 0x8183];
  head.writeUInt16BE(said === 'absent' || !isKnownType ? absent : responded, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const ttlSeconds = said === 'absent' ? 0 : (said.ttlSeconds ?? 60);
  const records = addresses.map((address) => {
    const record = Buffer.from([
      0xc0,
      12,
      0,
      typeA,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      4,
      ...address.split('.').map(Number),
    ]);
    record.writeUInt32BE(ttlSeconds, 6);
    return record;
  });
  return Buffer.concat([head, ...records]);
}
