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
  /** Another member has the batch, and who asks waited long enough. */
  | { kind: 'leased'; position: number; leaseLeftMs: number; leaseId: string | null }
  /** There is nothing after the group's position that it wants. */
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
 * Takes the next events of a group for one member, waiting for them, or for the batch that is out, as
 * long as `waitMs`. A batch is one member's until it is acknowledged or its lease has run out.
 */
export async function takeBatch(input: Take): Promise<TakeResult> {
  const { changes, feed, merchant, name, caller } = input;
  const groupKey = groupKeyOf({ merchantId: merchant.id, name });
  const endsMs = Date.now() + input.waitMs;

  // Awaited are either new events of the shard, or the end of the batch that is out. A lease that runs out
  // is told by nobody: that wait ends with it.
  function wait(before: TakeResult): Promise<TakeResult> {
    const isOut = before.kind === 'leased';
    const leftMs = Math.max(0, endsMs - Date.now());
    return waitFor<TakeResult>({
      subscribe: (tell) =>
        isOut ? changes.subscribe('tender_feed', groupKey, tell) : feed.subscribe(merchant, tell),
      timeoutMs: isOut ? Math.min(leftMs, Math.ceil(before.leaseLeftMs)) : leftMs,
      caller,
      // Who has gone is given nothing.
      read: async () => (caller.aborted ? before : look(input, { endsMs })),
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

/** News, or the end of the same lease. */
function isStillAwaited(before: TakeResult, now: TakeResult): boolean {
  if (before.kind === 'leased' && now.kind === 'leased') return before.leaseId === now.leaseId;
  return before.kind === 'empty' && now.kind === 'empty';
}

/** One attempt: whoever is first to write the lease has the events, the others look again. */
async function look(
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
    // What nobody wants is not looked at again by whoever asks next.
    if (through > position) await skipEvents(db, range);
    const isOver = caller.aborted || Date.now() >= endsMs;
    if (!hasMore || isOver) return { kind: 'empty', position: through };
  }
}
