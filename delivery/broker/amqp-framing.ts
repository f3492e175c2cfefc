import { invalidFrame } from './framing.ts';
import type { Framing } from './framing.ts';

/** Our `frame_max`, RabbitMQ's own default. A broker may only lower it. */
export const frameMaxBytes = 131_072;

const headerBytes = 7;
const frameEnd = 0xce;
const [methodType, headerType, bodyType, heartbeatType] = [1, 2, 3, 8];
/** A connection has one channel, the first to be opened. */
const ourChannel = 1;

const [basicAck, basicNack] = ['60.80', '60.120'];
// All methods that a broker may send to a publisher, with the minimum bytes of their arguments.
const methods: Readonly<Record<number, ReadonlyMap<string, number>>> = {
  // start, secure, tune, open-ok, close, close-ok, blocked, unblocked
  0: new Map([
    ['10.10', 10],
    ['10.20', 4],
    ['10.30', 8],
    ['10.41', 1],
    ['10.50', 7],
    ['10.51', 0],
    ['10.60', 1],
    ['10.61', 0],
  ]),
  // open-ok, close, close-ok, return, ack, nack, select-ok
  [ourChannel]: new Map([
    ['20.11', 4],
    ['20.40', 7],
    ['20.41', 0],
    ['60.50', 5],
    [basicAck, 9],
    [basicNack, 9],
    ['85.11', 0],
  ]),
};
const contentHeaderBytes = 14;

/** AMQP 0-9-1, 4.2.3: type, channel, size, payload, 0xCE. `published`: how many messages were published so far. */
export function amqpFraming({ published }: { published: () => number }): Framing {
  function checkMethod(channel: number, payload: Buffer): void {
    if (payload.length < 4) throw invalidFrame('a method without a name');
    const name = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
    const argumentBytes = methods[channel]?.get(name);
    if (argumentBytes === undefined) throw invalidFrame(`method ${name} on channel ${channel}`);
    if (payload.length - 4 < argumentBytes) throw invalidFrame(`method ${name}, truncated`);
    if (name !== basicAck && name !== basicNack) return;
    // The client stores confirms in an array by tag; a tag of billions would cost billions of steps.
    const tag = payload.readBigUInt64BE(4);
    if (tag > BigInt(published())) throw invalidFrame(`a confirm of message ${tag}`);
  }

  return {
    headerBytes,
    frameBytesOf(header) {
      const [type, channel, size] = [
        header.readUInt8(0),
        header.readUInt16BE(1),
        header.readUInt32BE(3),
      ];
      if (type !== methodType && channel !== ownChannelOf(type)) {
        throw invalidFrame(`type ${type} on channel ${channel}`);
      }
      if (size + headerBytes + 1 > frameMaxBytes) throw invalidFrame(`a frame of ${size} bytes`);
      return headerBytes + size + 1;
    },
    check(frame) {
      if (frame.at(-1) !== frameEnd) throw invalidFrame('a frame without its end octet');
      const payload = frame.subarray(headerBytes, -1);
      const type = frame.readUInt8(0);
      if (type === methodType) checkMethod(frame.readUInt16BE(1), payload);
      if (type === heartbeatType && payload.length > 0)
        throw invalidFrame('a heartbeat with a payload');
      if (type === headerType && payload.length < contentHeaderBytes) {
        throw invalidFrame('a content header, truncated');
      }
    },
  };
}

/** The channel of a frame type other than a method; undefined for an unknown type. */
function ownChannelOf(type: number): number | undefined {
  if (type === headerType || type === bodyType) return ourChannel;
  return type === heartbeatType ? 0 : undefined;
}
