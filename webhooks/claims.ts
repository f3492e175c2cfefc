import type { Database } from '../db/database.ts';
import { createMatchers } from '../db/matchers.ts';
import { claimEvents } from '../db/queries/claim-events.ts';
import type { Claim } from '../db/queries/claim-events.ts';
import { createFeedNews } from '../db/queries/notify-feed.ts';
import type { EndpointId } from '../domain/ids.ts';
import { createHorizon } from './horizon.ts';

export type Claims = {
  /** The next events of the shard. Their deliveries may be sent while they are still being committed. */
  next(): Promise<Claim>;
  /** Settles when all that was claimed up to now is in the database, or is known not to be. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/**
 * A shard's claims, one after the other on a connection of their own, so that the next is under way
 * before the last is on disk. `onError` hears of a commit or a connection that failed.
 */
export async function openClaims(input: {
  db: Database;
  shard: number;
  epoch: number;
  limit: number;
  onTroubled: (endpointIds: readonly EndpointId[]) => void;
  onError: (error: unknown) => void;
}): Promise<Claims> {
  const { db, shard, epoch, limit, onTroubled, onError } = input;
  const matchers = createMatchers();
  const horizon = createHorizon();
  const tellFeed = createFeedNews(db, { shard, onError });
  const client = await db.$client.connect();
  let failure: Error | undefined;
  let last: Promise<void> = Promise.resolve();
  const fail = (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error));
    onError(error);
  };
  // Unheard, a connection that breaks between two claims would end the process.
  client.on('error', fail);
  // One that died between its commit and its news owes it.
  tellFeed();
  return {
    async next() {
      const afterSeq = horizon.afterSeq();
      const claim = await claimEvents(db, client, { shard, epoch, limit, afterSeq, matchers });
      if (claim.kind === 'fenced') return claim;
      horizon.seen({ afterSeq, lastSeq: claim.lastSeq });
      last = claim.committed.then(() => {
        if (claim.events > 0) tellFeed();
        if (claim.nudged.length > 0) onTroubled(claim.nudged);
      }, fail);
      return claim;
    },
    settled: () => last,
    async close() {
      await last;
      client.off('error', fail);
      client.release(failure);
    },
  };
}
