const hopelessForMs = 10 * 60_000;
const unknownForMs = 24 * 3_600_000;

/**
 * Whether what a provider neither does nor refuses is for a person: soon where asking again is hopeless, as with a code
 * that it documents nowhere, after a day where it may come right by itself. `since`: when it was first wanted.
 */
export function isBeyondPatience(
  { since }: { since: Date },
  { isHopeless, nowMs }: { isHopeless: boolean; nowMs: number },
): boolean {
  return nowMs - since.getTime() >= (isHopeless ? hopelessForMs : unknownForMs);
}
