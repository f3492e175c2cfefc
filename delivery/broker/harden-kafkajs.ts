import { createRequire } from 'node:module';
import { invalidFrame } from './framing.ts';

// What kafkajs 2.2.4 believes of a broker without a look (docs/explanation/decisions/0024-isolate-broker-clients.md). Each
// class is the one that the client itself uses: modules of CommonJS are loaded once.
const require = createRequire(import.meta.url);

type Decoder = { buffer: Buffer; offset: number; readInt16(): number; readInt32(): number };
type Slices = Decoder & { readString(): string | null; readBytes(length?: number): Buffer | null };
type Metadata = { brokers: readonly unknown[] };
type RequestQueue = { pending: readonly unknown[]; scheduleCheckPendingRequests(): void };

const mostBrokers = 1_000;
const mostIterations = 100_000;

let isHardened = false;

/** Makes the client refuse lengths that an answer cannot hold, and work that no honest broker asks for. */
export function hardenKafkajs(): void {
  if (isHardened) return;
  isHardened = true;
  boundLengths();
  boundBrokers();
  boundIterations();
  stopIdleTimers();
}

/** The client tries again whatever does not say that it may not. */
function refusal(what: string): Error {
  return Object.assign(invalidFrame(what), { retriable: false });
}

/**
 * `new Array(33_554_431)` takes 256 MB at once, and V8 ends the whole process where a thread's heap has no room
 * for it. A negative length of a string goes back in the answer and reads it again, without end.
 */
function boundLengths(): void {
  const decoder = require('kafkajs/src/protocol/decoder') as { prototype: Slices & object };

  function checked(this: void, { buffer, offset }: Decoder, length: number): number {
    if (length >= 0 && length <= buffer.length - offset) return length;
    throw refusal(`a length of ${length} inside an answer`);
  }

  Object.assign(decoder.prototype, {
    readArray<T>(this: Decoder, read: (decoder: Decoder) => T): T[] {
      const length = this.readInt32();
      if (length === -1) return [];
      return Array.from({ length: checked(this, length) }, () => read(this));
    },
    readString(this: Decoder): string | null {
      const length = this.readInt16();
      if (length === -1) return null;
      const end = this.offset + checked(this, length);
      const text = this.buffer.toString('utf8', this.offset, end);
      this.offset = end;
      return text;
    },
    readBytes(this: Decoder, length = this.readInt32()): Buffer | null {
      if (length === -1) return null;
      const end = this.offset + checked(this, length);
      const bytes = this.buffer.subarray(this.offset, end);
      this.offset = end;
      return bytes;
    },
  });
}

/** The client makes two connections' worth of objects for each broker that an answer names. */
function boundBrokers(): void {
  const broker = require('kafkajs/src/broker') as {
    prototype: { metadata(topics: readonly string[]): Promise<Metadata> };
  };
  const { metadata } = broker.prototype;
  broker.prototype.metadata = async function bounded(topics) {
    const answer = await metadata.call(this, topics);
    if (answer.brokers.length <= mostBrokers) return answer;
    throw refusal(`a cluster of ${answer.brokers.length} brokers`);
  };
}

/** SCRAM's work is done in the pool of threads that everybody shares, as long as the broker says. */
function boundIterations(): void {
  const { SCRAM } = require('kafkajs/src/broker/saslAuthenticator/scram') as {
    SCRAM: { hi(...input: [string, Buffer, number, object]): Promise<Buffer> };
  };
  const { hi } = SCRAM;
  SCRAM.hi = async (password, salt, iterations, digest) => {
    if (iterations <= mostIterations) return hi(password, salt, iterations, digest);
    throw refusal(`SCRAM with ${iterations} iterations`);
  };
}

/** A queue with nothing in it looks into itself every millisecond, for as long as its connection lives. */
function stopIdleTimers(): void {
  const queue = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests } = queue.prototype;
  queue.prototype.scheduleCheckPendingRequests = function scheduled() {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
