import pg from 'pg';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import { publishEvent } from '../../db/queries/publish-event.ts';
import { publishEvents, publishTogether, shortEvents } from '../../db/queries/publish-events.ts';
import type { Publication, PublishResult } from '../../db/queries/publish-events.ts';

export type Publish = (publication: Publication) => Promise<PublishResult>;

type Waiting = {
  publication: Publication;
  resolve: (result: PublishResult) => void;
  reject: (error: unknown) => void;
};

type ShardQueue = { queue: Waiting[]; isWriting: boolean };

/**
 * Combines publications that arrive in one turn of the event loop, or while a shard's last statement runs, into one
 * statement, because positions are assigned sequentially anyway: under load one commit covers many requests, and a
 * single request never waits for another. Each is answered when its events are committed; publications that cannot be
 * combined are written and answered separately.
 */
export function gatherPublications(db: Database): Publish {
  const shardQueues = new Map<number, ShardQueue>();

  function writeSoon(shardQueue: ShardQueue): void {
    if (shardQueue.isWriting || shardQueue.queue.length === 0) return;
    shardQueue.isWriting = true;
    setImmediate(() => {
      void write(takeGroup(shardQueue.queue)).finally(() => {
        shardQueue.isWriting = false;
        writeSoon(shardQueue);
      });
    });
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    // Not awaited: conflicting publications must not hold up the next group.
    if (!(await writeTogether(group))) void writeSeparately(group);
  }

  /** A conflict of one merchant must not affect the others. */
  async function writeSeparately(group: readonly Waiting[]): Promise<void> {
    const byMerchant = splitByMerchant(group);
    if (byMerchant.length > 1) {
      await Promise.all(byMerchant.map(write));
      return;
    }
    await Promise.all(
      group.map(({ publication, resolve, reject }) =>
        publishEvents(db, publication).then(resolve, reject),
      ),
    );
  }

  /** False if the group was certainly not written; each publication then finds its own reason. */
  async function writeTogether(group: readonly Waiting[]): Promise<boolean> {
    try {
      const publications = group.map(({ publication }) => publication);
      const isWritten = isOneEvent(publications)
        ? await publishEvent(db, publications[0]!)
        : await publishTogether(db, publications);
      if (!isWritten) return false;
      for (const { publication, resolve } of group) {
        const events = publication.events.map((event) => ({ event, isNew: true }));
        resolve({ kind: 'published', events });
      }
    } catch (error) {
      if (error instanceof pg.DatabaseError) return false;
      // A broken connection does not show whether the write succeeded.
      for (const { reject } of group) reject(error);
    }
    return true;
  }

  return (publication) => {
    // A large publication would hold up the others: it is written alone and gets its positions later.
    if (publication.events.length > shortEvents) return publishEvents(db, publication);
    return new Promise((resolve, reject) => {
      const { shard } = publication.merchant;
      const shardQueue = shardQueues.get(shard) ?? { queue: [], isWriting: false };
      shardQueues.set(shard, shardQueue);
      shardQueue.queue.push({ publication, resolve, reject });
      writeSoon(shardQueue);
    });
  };
}

/** Takes the first of the queue and everything that can be combined with it; the rest stays queued. */
function takeGroup(queue: Waiting[]): Waiting[] {
  const [first, ...rest] = queue.splice(0);
  const group = [first!];
  if (!isCombinable(first!.publication)) {
    queue.push(...rest);
    return group;
  }
  const keys = new Set(keysOf(first!.publication));
  let count = first!.publication.events.length;
  for (const one of rest) {
    const added = one.publication.events.length;
    const own = keysOf(one.publication);
    const fits =
      isCombinable(one.publication) &&
      count + added <= shortEvents &&
      !own.some((key) => keys.has(key));
    if (!fits) {
      queue.push(one);
      continue;
    }
    group.push(one);
    count += added;
    for (const key of own) keys.add(key);
  }
  return group;
}

function splitByMerchant(group: readonly Waiting[]): Waiting[][] {
  const merchants = new Map<MerchantId, Waiting[]>();
  for (const one of group) {
    const { id } = one.publication.merchant;
    merchants.set(id, [...(merchants.get(id) ?? []), one]);
  }
  return [...merchants.values()];
}

const isOneEvent = ([first, ...others]: readonly Publication[]): boolean =>
  others.length === 0 && first?.events.length === 1;

/** Keys are scoped by merchant. */
function keysOf({ merchant, events }: Publication): string[] {
  return events.flatMap(({ dedupeKey }) =>
    dedupeKey === null ? [] : `${merchant.id} ${dedupeKey}`,
  );
}

/** Keys derived from a request's Idempotency-Key are valid only for the whole request. */
function isCombinable({ events, keyPastEnd }: Publication): boolean {
  return keyPastEnd === null && events.every(({ isKeyOfRequest }) => !isKeyOfRequest);
}
