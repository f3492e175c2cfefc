const undocumentedForMs = 10 * 60_000;
const unknownForMs = 24 * 3_600_000;

/**
 * Whether what a provider neither does nor refuses is for a person: soon where it answers with a code that it
 * documents nowhere, after a day where it says that something of its own is wrong. `since`: when it was first wanted.
 */
export function isBeyondPatience(
  { since }: { since: Date },
  { isUndocumented, nowMs }: { isUndocumented: boolean; nowMs: number },
): boolean {
  return nowMs - since.getTime() >= (isUndocumented ? undocumentedForMs : unknownForMs);
}
