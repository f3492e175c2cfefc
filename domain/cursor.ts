/**
 * A place in a feed, as readers keep it: `42`, or `42-k3v9x1` once the feed has another epoch than its first. An epoch
 * ends where the log was cut, as by restoring a database: what came after that place is another log.
 */
export type Cursor = { position: number; tag: string };

/** One epoch of a feed. Its log goes on from that of the one before, after `beganAfter`. */
export type FeedEpoch = { tag: string; beganAfter: number };

export const cursorPattern = /^\d{1,15}(-[0-9a-z]{6})?$/;

/** Reads what matches `cursorPattern`. */
export function parseCursor(text: string): Cursor {
  const [position = '', tag = ''] = text.split('-');
  return { position: Number(position), tag };
}

export function formatCursor({ position, tag }: Cursor): string {
  return tag === '' ? String(position) : `${position}-${tag}`;
}

export type CursorVerdict =
  | { kind: 'valid' }
  /** It stands for nothing in this log; everything up to `restartAfter` is as whoever keeps it knows it. */
  | { kind: 'refused'; restartAfter: number };

/**
 * Whether a cursor stands in a feed: it was given out in the epoch that holds, or before the place where its own was
 * cut off. `epochs` oldest first, `end` the last position that was given.
 */
export function judgeCursor(
  { position, tag }: Cursor,
  { epochs, end }: { epochs: readonly FeedEpoch[]; end: number },
): CursorVerdict {
  // From the start nothing can be missed.
  if (position === 0) return { kind: 'valid' };
  const at = epochs.findIndex((epoch) => epoch.tag === tag);
  // Of a log that this one never was.
  if (at < 0) return { kind: 'refused', restartAfter: 0 };
  // Each later epoch may have begun further back than the one after its own.
  const cuts = epochs.slice(at + 1).map(({ beganAfter }) => beganAfter);
  const sharedThrough = Math.min(end, ...cuts);
  return position <= sharedThrough
    ? { kind: 'valid' }
    : { kind: 'refused', restartAfter: sharedThrough };
}
