import { randomBytes } from 'node:crypto';
import type { Changes } from '../../db/changes.ts';
import type { FeedChanges } from '../../db/feed-changes.ts';
import type { Database } from '../../db/database.ts';
import { groupKeyOf } from '../../db/queries/acknowledge-events.ts';
import { leaseEvents, readGroupState, skipEvents } from '../../db/queries/lease-events.ts';
import type { FeedEvent } from '../../db/queries/list-events.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { createFeedReader } from '../events/read-feed.ts';
import { waitFor } from '../wait-for.ts';

export type TakeResult =
  | { kind: 'taken'; leaseToken: string; events: FeedEvent[]; through: number }
  /** Another member has the batch and `waitMs` is over. */
  | { kind: 'leased'; position: number; leaseLeftMs: number; leaseId: string | null }
  /** No event after the group's position matches. */
  | { kind: 'empty'; position: number }
  | { kind: 'noGroup' };

type Take = {
  db: Database;
  changes: Changes;
  feed: FeedChanges;
  merchant: { id: MerchantId; shard: number };
  name: string;
  limit: number;
  leaseSeconds: number;
  waitMs: number;
  caller: AbortSignal;
};

/**
 * Leases the next events of a group to one member. Waits up to `waitMs` for events, or for the end of the current
 * lease. A batch belongs to one member until it is acknowledged or its lease ends.
 */
export async function takeBatch(input: Take): Promise<TakeResult> {
  const { changes, feed, merchant, name, caller } = input;
  const groupKey = groupKeyOf({ merchantId: merchant.id, name });
  const endsMs = Date.now() + input.waitMs;

  // Waits for new events of the shard, or for the end of the current lease. No notification announces an expired lease,
  // so that wait ends with the lease.
  function wait(before: TakeResult): Promise<TakeResult> {
    const isLeased = before.kind === 'leased';
    const leftMs = Math.max(0, endsMs - Date.now());
    return waitFor<TakeResult>({
      subscribe: (onChange) =>
        isLeased
          ? changes.subscribe('tender_feed', groupKey, onChange)
          : feed.subscribe(merchant, onChange),
      timeoutMs: isLeased ? Math.min(leftMs, Math.ceil(before.leaseLeftMs)) : leftMs,
      caller,
      // A caller that left gets no lease.
      read: async () => (caller.aborted ? before : tryLease(input, { endsMs })),
      isEnough: (now) => !isStillAwaited(before, now),
    });
  }

  let found = await wait({ kind: 'empty', position: 0 });
  const isWaiting = () => !caller.aborted && Date.now() < endsMs;
  while (isWaiting() && (found.kind === 'leased' || found.kind === 'empty')) {
    found = await wait(found);
  }
  return found;
}

/** True while nothing has changed: still empty, or the same lease. */
function isStillAwaited(before: TakeResult, now: TakeResult): boolean {
  if (before.kind === 'leased' && now.kind === 'leased') return before.leaseId === now.leaseId;
  return before.kind === 'empty' && now.kind === 'empty';
}

/** One attempt to lease. The first member to write the lease gets the events; the others read again. */
async function tryLease(
  { db, merchant, name, limit, leaseSeconds, caller }: Take,
  { endsMs }: { endsMs: number },
): Promise<TakeResult> {
  const key = { merchantId: merchant.id, name };
  for (;;) {
    const state = await readGroupState(db, key);
    if (!state) return { kind: 'noGroup' };
    const { position, leaseLeftMs, leaseId } = state;
    if (leaseLeftMs > 0) return { kind: 'leased', position, leaseLeftMs, leaseId };
    const readFeed = createFeedReader({ patterns: state.eventTypes, filter: state.filter });
    const { events, through, hasMore } = await readFeed(db, {
      merchantId: merchant.id,
      after: position,
      limit,
    });
    const range = { ...key, identity: state.identity, position, through };
    if (events.length > 0) {
      const leaseToken = `lease_${randomBytes(18).toString('base64url')}`;
      const isOurs = await leaseEvents(db, { ...range, leaseToken, leaseSeconds });
      if (isOurs) return { kind: 'taken', leaseToken, events, through };
      continue;
    }
    // Events that do not match are skipped for good, so that the next call does not read them again.
    if (through > position) await skipEvents(db, range);
    const isOver = caller.aborted || Date.now() >= endsMs;
    if (!hasMore || isOver) return { kind: 'empty', position: through };
  }
}
