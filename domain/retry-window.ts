const hopelessForMs = 10 * 60_000;
const unknownForMs = 24 * 3_600_000;

/**
 * True when an operation without a clear answer from its provider needs a person: after 10 minutes if retrying is
 * hopeless, as with an undocumented code, else after 24 hours. `since`: when it was first requested.
 */
export function isRetryWindowOver(
  { since }: { since: Date },
  { isHopeless, nowMs }: { isHopeless: boolean; nowMs: number },
): boolean {
  return nowMs - since.getTime() >= (isHopeless ? hopelessForMs : unknownForMs);
}
