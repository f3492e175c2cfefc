import { BrokerRefusal } from './refusal.ts';

// Parsing a frame costs more than its bytes.
const frameCostBytes = 64;
const earnedByPublishBytes = 64 * 1_024;

/** A byte budget for what one connection may send us: enough to open it, plus what its messages justify. */
export type Allowance = {
  /** Called before a message is sent, because the broker may return it whole. */
  earn(messageBytes: number): void;
  /** Called after a message's end; only waiting messages justify answers. */
  settle(): void;
  /** Throws a `BrokerRefusal` if the budget is exhausted. */
  spend(frameBytes: number): void;
};

export function createAllowance({
  mostBytes,
  perSecondBytes,
  now = () => performance.now(),
}: {
  mostBytes: number;
  perSecondBytes: number;
  now?: () => number;
}): Allowance {
  let leftBytes = mostBytes;
  let waiting = 0;
  let refilledAtMs = now();

  function refill(): void {
    const nowMs = now();
    const refilled = leftBytes + ((nowMs - refilledAtMs) / 1_000) * perSecondBytes;
    refilledAtMs = nowMs;
    // What messages in flight have earned stays; time alone never fills the budget beyond `mostBytes`.
    leftBytes = Math.max(leftBytes, Math.min(refilled, mostBytes));
  }

  return {
    earn(messageBytes) {
      refill();
      waiting += 1;
      leftBytes += earnedByPublishBytes + 2 * messageBytes;
    },
    settle() {
      waiting -= 1;
      if (waiting === 0) leftBytes = Math.min(leftBytes, mostBytes);
    },
    spend(frameBytes) {
      refill();
      leftBytes -= frameBytes + frameCostBytes;
      if (leftBytes >= 0) return;
      throw new BrokerRefusal('too_many_bytes', 'the broker sends more than our messages justify');
    },
  };
}
