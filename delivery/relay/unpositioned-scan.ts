/**
 * Decides from which event a relay searches for events without a position. PostgreSQL's index keeps entries of numbered
 * events until it is vacuumed, and skipping them at every search would cost more than everything else. So a search
 * starts after what was numbered a while ago, and once a second one covers everything, for transactions that took
 * longer.
 */
export type UnpositionedScan = {
  /** A full search is due. */
  isDue(): boolean;
  /** 0: search everything. */
  afterSeq(): number;
  /** Records a search and its result. */
  seen(look: { afterSeq: number; lastSeq: number }): void;
};

const fullScanEveryMs = 1_000;
/** Longer than nearly every transaction that writes events. */
const settledAfterMs = 5_000;

export function createUnpositionedScan(clock: () => number = Date.now): UnpositionedScan {
  let settledSeq = 0;
  let recent: { atMs: number; seq: number } | undefined;
  let fullScanAtMs = -Infinity;
  const isDue = () => clock() - fullScanAtMs >= fullScanEveryMs;
  return {
    isDue,
    afterSeq: () => (isDue() ? 0 : settledSeq),
    seen({ afterSeq, lastSeq }) {
      const nowMs = clock();
      if (afterSeq === 0) fullScanAtMs = nowMs;
      if (recent && nowMs - recent.atMs >= settledAfterMs) {
        settledSeq = Math.max(settledSeq, recent.seq);
        recent = undefined;
      }
      if (lastSeq > 0) recent ??= { atMs: nowMs, seq: lastSeq };
    },
  };
}
