import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAllowance } from '../../delivery/broker/allowance.ts';
import { amqpFraming } from '../../delivery/broker/amqp-framing.ts';
import { createFrameReader } from '../../delivery/broker/framing.ts';
import type { Framing } from '../../delivery/broker/framing.ts';
import { kafkaFraming, mostAnswerBytes } from '../../delivery/broker/kafka-framing.ts';
import { createShares } from '../../delivery/broker/shares.ts';
import { i32, i64, u8 } from '../support/hostile/bytes.ts';
import { amqpFrame, amqpMethod } from '../support/hostile/hostile-amqp.ts';
import { kafkaAnswer } from '../support/hostile/hostile-kafka.ts';

const readerOf = (framing: Framing) => createFrameReader(framing, { onFrame: () => {} });
const amqp = amqpFraming({ published: () => 3 });

/** A stream cut at the given places. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (stream.length + 1)), stream.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
}

describe('a reader of frames', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 0, maxLength: 300 }), { maxLength: 8 });
  const places = fc.array(fc.nat(), { maxLength: 40 });

  test.each<[string, Framing, (body: Buffer) => Buffer]>([
    ['Kafka', kafkaFraming, (body) => kafkaAnswer(1, body)],
    ['AMQP', amqp, (body) => amqpFrame(3, 1, body)],
  ])('gives all bytes of whole %s frames in order, however they are cut', (_, framing, frame) => {
    fc.assert(
      fc.property(bodies, places, (contents, cuts) => {
        const frames = contents.map((content) => frame(Buffer.from(content)));
        const stream = Buffer.concat(frames);
        const reader = readerOf(framing);
        const ends = new Set([0]);
        for (const one of frames) ends.add(Math.max(...ends) + one.length);
        let given = Buffer.alloc(0);
        for (const chunk of cut(stream, cuts)) {
          given = Buffer.concat([given, ...reader.read(chunk)]);
          expect(ends).toContain(given.length);
        }
        expect(given.equals(stream)).toBe(true);
        expect(reader.heldBytes()).toBe(0);
      }),
    );
  });

  test('holds what came of a frame, not what was announced', () => {
    const reader = readerOf(kafkaFraming);
    expect(reader.read(Buffer.concat([i32(mostAnswerBytes), Buffer.alloc(96)]))).toEqual([]);
    expect(reader.heldBytes()).toBe(100);
  });
});

describe('Kafka’s framing refuses', () => {
  test.each([0, 3, -1, -5, mostAnswerBytes + 1, 0x7fffffff])('a size of %i', (size) => {
    expect(() => readerOf(kafkaFraming).read(i32(size))).toThrow(`an answer of ${size} bytes`);
  });
});

describe('AMQP’s framing', () => {
  test.each<[string, Buffer, string]>([
    ['a type that there is not', amqpFrame(99, 0, Buffer.alloc(0)), 'type 99 on channel 0'],
    ['a body on the connection’s channel', amqpFrame(3, 0, Buffer.alloc(1)), 'type 3 on channel 0'],
    ['a channel that was not opened', amqpMethod(7, '20.11', i32(0)), 'method 20.11 on channel 7'],
    ['a method that there is not', amqpMethod(0, '4242.4242'), 'method 4242.4242'],
    ['a delivery to whoever only publishes', amqpMethod(1, '60.60'), 'method 60.60'],
    ['arguments cut short', amqpMethod(1, '60.80', u8(0)), 'method 60.80, truncated'],
    ['no method', amqpFrame(1, 0, Buffer.alloc(3)), 'a method without a name'],
    ['a heartbeat with a payload', amqpFrame(8, 0, Buffer.alloc(1)), 'a heartbeat with a payload'],
    [
      'a header that is truncated',
      amqpFrame(2, 1, Buffer.alloc(13)),
      'a content header, truncated',
    ],
    ['a frame above frame_max', Buffer.from([3, 0, 1, 0, 2, 0, 0]), 'a frame of 131072 bytes'],
    [
      'a frame without its end octet',
      Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]),
      'a frame without its end octet',
    ],
    ['a confirm too many', amqpMethod(1, '60.80', i64(4n), u8(0)), 'a confirm of message 4'],
    ['a nack of -1', amqpMethod(1, '60.120', i64(-1n), u8(0)), 'a confirm of message'],
  ])('refuses %s', (_, bytes, why) => {
    expect(() => readerOf(amqp).read(bytes)).toThrow(why);
  });

  test.each<[string, Buffer]>([
    ['a heartbeat', amqpFrame(8, 0, Buffer.alloc(0))],
    ['a confirm', amqpMethod(1, '60.80', i64(3n), u8(1))],
    ['a full body', amqpFrame(3, 1, Buffer.alloc(131_064))],
  ])('passes %s', (_, bytes) => {
    expect(Buffer.concat(readerOf(amqp).read(bytes)).equals(bytes)).toBe(true);
  });
});

describe('the allowance of a connection', () => {
  const of = (nowMs: () => number) =>
    createAllowance({ mostBytes: 1_000, perSecondBytes: 100, now: nowMs });

  test('ends with what a broker sends unasked, and comes back with time', () => {
    let nowMs = 0;
    const allowance = of(() => nowMs);
    allowance.spend(900);
    expect(() => allowance.spend(900)).toThrow('more than our messages justify');
    nowMs = 60_000;
    allowance.spend(900);
  });

  test('counts a frame of no bytes too', () => {
    const allowance = of(() => 0);
    const spendAll = () => {
      for (let count = 0; count < 16; count += 1) allowance.spend(0);
    };
    expect(spendAll).toThrow('more than our messages justify');
  });

  test('grows with a message that may come back, as long as it is under way', () => {
    const allowance = of(() => 0);
    allowance.earn(100_000);
    allowance.spend(100_000);
    allowance.settle();
    expect(() => allowance.spend(1_000)).toThrow('more than our messages justify');
  });
});

test('shares: whoever holds little gets its part even when others hold all the rest', () => {
  const shares = createShares({ most: 100, fair: 10 });
  expect(shares.take({ held: 0, more: 95 })).toBe(true);
  expect(shares.take({ held: 95, more: 6 })).toBe(false);
  expect(shares.take({ held: 0, more: 10 })).toBe(true);
  expect(shares.take({ held: 10, more: 1 })).toBe(false);
  shares.give(95);
  expect(shares.take({ held: 10, more: 1 })).toBe(true);
  expect(shares.taken()).toBe(11);
});
