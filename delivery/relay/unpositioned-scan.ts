/**
 * From which event on a relay looks for those without a position. PostgreSQL's index remembers those that
 * were numbered until it is vacuumed, and stepping over them again at every look would cost more than all
 * the rest. So a look begins behind what was numbered a while ago, and one in every second looks at
 * everything: for a transaction that took longer than that.
 */
export type UnpositionedScan = {
  /** It is time for a look at everything. */
  isDue(): boolean;
  /** 0: look at everything. */
  afterSeq(): number;
  /** What the look came to. */
  seen(look: { afterSeq: number; lastSeq: number }): void;
};

const wholeLookEveryMs = 1_000;
/** Longer than nearly every transaction that writes events. */
const settledAfterMs = 5_000;

export function createUnpositionedScan(clock: () => number = Date.now): UnpositionedScan {
  let settledSeq = 0;
  let lately: { atMs: number; seq: number } | undefined;
  let wholeLookAtMs = -Infinity;
  const isDue = () => clock() - wholeLookAtMs >= wholeLookEveryMs;
  return {
    isDue,
    afterSeq: () => (isDue() ? 0 : settledSeq),
    seen({ afterSeq, lastSeq }) {
      const nowMs = clock();
      if (afterSeq === 0) wholeLookAtMs = nowMs;
      if (lately && nowMs - lately.atMs >= settledAfterMs) {
        settledSeq = Math.max(settledSeq, lately.seq);
        lately = undefined;
      }
      if (lastSeq > 0) lately ??= { atMs: nowMs, seq: lastSeq };
    },
  };
}
