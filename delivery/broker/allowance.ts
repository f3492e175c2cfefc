import { BrokerRefusal } from './refusal.ts';

// Taking a frame apart costs more than its bytes do.
const frameCostBytes = 64;
const earnedByPublishBytes = 64 * 1_024;

/** What one connection may make us read: enough to open it, and then as much as its messages give reason for. */
export type Allowance = {
  /** Before a message is sent, which may come back whole. */
  earn(messageBytes: number): void;
  /** After its end; what nobody waits for any more gives no reason. */
  settle(): void;
  /** Throws a `BrokerRefusal` where nothing is left. */
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
  let lookedAtMs = now();

  function refill(): void {
    const nowMs = now();
    const refilled = leftBytes + ((nowMs - lookedAtMs) / 1_000) * perSecondBytes;
    lookedAtMs = nowMs;
    // What the messages under way have earned stays; time alone never fills more than the measure.
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
      throw new BrokerRefusal('too_many_bytes', 'the broker sends more than our messages ask for');
    },
  };
}
