import { createRequire } from 'node:module';
import { invalidFrame } from './framing.ts';

// Patches what kafkajs 2.2.4 accepts unchecked from a broker
// (docs/explanation/decisions/0024-isolate-broker-clients.md). Each class is the client's own, because CommonJS modules
// are loaded once.
const require = createRequire(import.meta.url);

type Decoder = { buffer: Buffer; offset: number; readInt16(): number; readInt32(): number };
type Slices = Decoder & { readString(): string | null; readBytes(length?: number): Buffer | null };
type Metadata = { brokers: readonly unknown[] };
type RequestQueue = { pending: readonly unknown[]; scheduleCheckPendingRequests(): void };

const mostBrokers = 1_000;
const mostIterations = 100_000;

let isHardened = false;

/** Makes the client refuse lengths that exceed an answer, and work that no honest broker requests. */
export function hardenKafkajs(): void {
  if (isHardened) return;
  isHardened = true;
  boundLengths();
  boundBrokers();
  boundIterations();
  stopIdleTimers();
}

/** The client retries errors that are not marked as not retriable. */
function refusal(what: string): Error {
  return Object.assign(invalidFrame(what), { retriable: false });
}

/**
 * `new Array(33_554_431)` allocates 256 MB at once, and V8 ends the whole process if a thread's heap has no room. A
 * negative string length moves the offset back and reads the answer again, without end.
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

/** The client creates objects for two connections per broker in an answer. */
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

/** SCRAM runs in the shared thread pool for as long as the broker's iteration count demands. */
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

/** An empty request queue polls itself every millisecond while its connection lives. */
function stopIdleTimers(): void {
  const queue = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests } = queue.prototype;
  queue.prototype.scheduleCheckPendingRequests = function scheduled() {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
