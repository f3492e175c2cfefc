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

type Line = { queue: Waiting[]; isWriting: boolean };

/**
 * Publishes in one statement together what comes in one turn of the event loop, and what comes while a
 * shard's last statement is under way, because positions are given one after the other anyway: under load
 * one commit carries many requests, alone none waits for another. Each is answered when its events are
 * committed; what cannot be written together is written by itself, and answered by itself.
 */
export function gatherPublications(db: Database): Publish {
  const lines = new Map<number, Line>();

  function writeSoon(line: Line): void {
    if (line.isWriting || line.queue.length === 0) return;
    line.isWriting = true;
    setImmediate(() => {
      void write(takeTogether(line.queue)).finally(() => {
        line.isWriting = false;
        writeSoon(line);
      });
    });
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    // Nobody waits for those in whose way something stands.
    if (!(await writeTogether(group))) void writeApart(group);
  }

  /** What stands in one merchant's way is not the others' trouble. */
  async function writeApart(group: readonly Waiting[]): Promise<void> {
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

  /** False where the group was certainly not written: then each finds out its own reason. */
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
      // A connection that broke does not say whether it wrote before.
      for (const { reject } of group) reject(error);
    }
    return true;
  }

  return (publication) => {
    // It would hold up all others: it goes by itself, and gets its positions later.
    if (publication.events.length > shortEvents) return publishEvents(db, publication);
    return new Promise((resolve, reject) => {
      const { shard } = publication.merchant;
      const line = lines.get(shard) ?? { queue: [], isWriting: false };
      lines.set(shard, line);
      line.queue.push({ publication, resolve, reject });
      writeSoon(line);
    });
  };
}

/** The first of the queue and all that can be written with it; the others stay where they are. */
function takeTogether(queue: Waiting[]): Waiting[] {
  const [first, ...rest] = queue.splice(0);
  const group = [first!];
  if (!isPlain(first!.publication)) {
    queue.push(...rest);
    return group;
  }
  const keys = new Set(keysOf(first!.publication));
  let count = first!.publication.events.length;
  for (const one of rest) {
    const added = one.publication.events.length;
    const own = keysOf(one.publication);
    const fits =
      isPlain(one.publication) && count + added <= shortEvents && !own.some((key) => keys.has(key));
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

/** Two merchants' keys have nothing to do with each other. */
function keysOf({ merchant, events }: Publication): string[] {
  return events.flatMap(({ dedupeKey }) =>
    dedupeKey === null ? [] : `${merchant.id} ${dedupeKey}`,
  );
}

/** Keys that a request's Idempotency-Key gives stand or fall with the whole request. */
function isPlain({ events, keyPastEnd }: Publication): boolean {
  return keyPastEnd === null && events.every(({ isKeyOfRequest }) => !isKeyOfRequest);
}
