import { BrokerRefusal } from './refusal.ts';

/** How a protocol splits its bytes into frames. Both functions throw a `BrokerRefusal` for invalid bytes. */
export type Framing = {
  headerBytes: number;
  /** The bytes of the whole frame, by its header. */
  frameBytesOf(header: Buffer): number;
  check(frame: Buffer): void;
};

export type FrameReader = {
  /** The frames completed by this chunk, in as few pieces as possible. */
  read(chunk: Buffer): Buffer[];
  /** Bytes buffered of an incomplete frame. */
  heldBytes(): number;
};

const firstHoldBytes = 4_096;

/**
 * Splits a stream into whole, checked frames. A client never sees part of a frame, so neither an announced size nor
 * bytes arriving one by one cost more than a buffer that grows with what really came.
 */
export function createFrameReader(
  { headerBytes, frameBytesOf, check }: Framing,
  { onFrame }: { onFrame: (frameBytes: number) => void },
): FrameReader {
  let hold = Buffer.alloc(0);
  let held = 0;

  /** Buffers the chunk up to `wanted` bytes; returns how many were taken. */
  function fill(chunk: Buffer, wanted: number): number {
    if (hold.length < wanted && hold.length < held + chunk.length) {
      const roomBytes = Math.max(firstHoldBytes, hold.length * 2, held + chunk.length);
      const grown = Buffer.allocUnsafeSlow(Math.min(wanted, roomBytes));
      hold.copy(grown, 0, 0, held);
      hold = grown;
    }
    const taken = chunk.copy(hold, held, 0, Math.min(chunk.length, wanted - held));
    held += taken;
    return taken;
  }

  /** Continues the buffered frame; returns it when it is complete. */
  function complete(chunk: Buffer): { taken: number; frame?: Buffer } {
    let taken = held < headerBytes ? fill(chunk, headerBytes) : 0;
    if (held < headerBytes) return { taken };
    const wanted = frameBytesOf(hold.subarray(0, headerBytes));
    taken += fill(chunk.subarray(taken), wanted);
    if (held < wanted) return { taken };
    const frame = hold.subarray(0, wanted);
    [hold, held] = [Buffer.alloc(0), 0];
    accept(frame);
    return { taken, frame };
  }

  function accept(frame: Buffer): void {
    onFrame(frame.length);
    check(frame);
  }

  /** How many bytes from the chunk's start are whole frames. */
  function wholeBytesOf(chunk: Buffer): number {
    let end = 0;
    while (chunk.length - end >= headerBytes) {
      const next = end + frameBytesOf(chunk.subarray(end, end + headerBytes));
      if (next > chunk.length) break;
      accept(chunk.subarray(end, next));
      end = next;
    }
    return end;
  }

  return {
    read(chunk) {
      const whole: Buffer[] = [];
      let rest = chunk;
      if (held > 0) {
        const { taken, frame } = complete(rest);
        rest = rest.subarray(taken);
        if (!frame) return whole;
        whole.push(frame);
      }
      const end = wholeBytesOf(rest);
      if (end > 0) whole.push(rest.subarray(0, end));
      // Checked at once, so that an invalid size is refused by its header alone.
      if (end < rest.length) complete(rest.subarray(end));
      return whole;
    },
    heldBytes: () => held,
  };
}

export function invalidFrame(what: string): BrokerRefusal {
  return new BrokerRefusal('invalid_frame', `the broker sent an invalid frame: ${what}`);
}
