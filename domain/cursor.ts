/**
 * A position in a feed as readers store it: `42`, or `42-k3v9x1` in any epoch after the first. An epoch ends where the
 * log was cut, as by restoring a database; the log after that position is a different one.
 */
export type Cursor = { position: number; tag: string };

/** One epoch of a feed. Its log continues the previous epoch's log after position `beganAfter`. */
export type FeedEpoch = { tag: string; beganAfter: number };

export const cursorPattern = /^\d{1,15}(-[0-9a-z]{6})?$/;

/** Parses a text that matches `cursorPattern`. */
export function parseCursor(text: string): Cursor {
  const [position = '', tag = ''] = text.split('-');
  return { position: Number(position), tag };
}

export function formatCursor({ position, tag }: Cursor): string {
  return tag === '' ? String(position) : `${position}-${tag}`;
}

export type CursorVerdict =
  | { kind: 'valid' }
  /** The cursor is not valid in this log; the reader's copy is right up to `restartAfter`. */
  | { kind: 'refused'; restartAfter: number };

/**
 * Decides whether a cursor is valid in a feed: it was issued in the current epoch, or before the position where its own
 * epoch was cut. `epochs` oldest first, `end` the last position issued.
 * @example judgeCursor(parseCursor('42'), { epochs: [{ tag: '', beganAfter: 0 }, { tag: 'k3v9x1', beganAfter: 40 }], end: 50 }) // { kind: 'refused', restartAfter: 40 }
 */
export function judgeCursor(
  { position, tag }: Cursor,
  { epochs, end }: { epochs: readonly FeedEpoch[]; end: number },
): CursorVerdict {
  // A reader that starts from the beginning misses nothing.
  if (position === 0) return { kind: 'valid' };
  const at = epochs.findIndex((epoch) => epoch.tag === tag);
  // The epoch is unknown: the cursor belongs to another log.
  if (at < 0) return { kind: 'refused', restartAfter: 0 };
  // A later epoch may have been cut further back than the one right after the cursor's own.
  const cuts = epochs.slice(at + 1).map(({ beganAfter }) => beganAfter);
  const sharedThrough = Math.min(end, ...cuts);
  return position <= sharedThrough
    ? { kind: 'valid' }
    : { kind: 'refused', restartAfter: sharedThrough };
}
