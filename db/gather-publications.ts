import pg from 'pg';
import type { MerchantId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import { publishEvents } from './queries/publish-events.ts';
import type { Publication, PublishResult } from './queries/publish-events.ts';

export type Publish = (publication: Publication) => Promise<PublishResult>;

// So many events go into one statement; a request that has more goes by itself.
const mostTogether = 200;
// Of one merchant's statements: one more begins while others commit, and the rest gather.
const mostUnderWay = 3;

type Waiting = {
  publication: Publication;
  resolve: (result: PublishResult) => void;
  reject: (error: unknown) => void;
};

type Line = { queue: Waiting[]; underWay: number; isAboutToWrite: boolean };

/**
 * Publishes in one statement together what comes in one turn of the event loop, and what comes while a
 * merchant's last statements are under way: under load one commit carries many requests, alone none
 * waits for another. Each is answered when its events are committed; what cannot be written together is
 * written by itself, and answered by itself.
 */
export function gatherPublications(db: Database): Publish {
  const lines = new Map<MerchantId, Line>();

  function writeSoon(merchantId: MerchantId, line: Line): void {
    if (line.isAboutToWrite || line.underWay >= mostUnderWay) return;
    if (line.queue.length === 0) {
      if (line.underWay === 0) lines.delete(merchantId);
      return;
    }
    line.isAboutToWrite = true;
    setImmediate(() => {
      line.isAboutToWrite = false;
      line.underWay++;
      void write(takeTogether(line.queue)).finally(() => {
        line.underWay--;
        writeSoon(merchantId, line);
      });
      writeSoon(merchantId, line);
    });
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    if (group.length > 1 && (await writeTogether(group))) return;
    await Promise.all(
      group.map(({ publication, resolve, reject }) =>
        publishEvents(db, publication).then(resolve, reject),
      ),
    );
  }

  /** False where the group was certainly not written: then each finds out its own reason. */
  async function writeTogether(group: readonly Waiting[]): Promise<boolean> {
    try {
      const result = await publishEvents(db, joined(group));
      if (result.kind !== 'published') return false;
      let from = 0;
      for (const { publication, resolve } of group) {
        const to = from + publication.events.length;
        resolve({ kind: 'published', events: result.events.slice(from, to) });
        from = to;
      }
    } catch (error) {
      if (error instanceof pg.DatabaseError) return false;
      // A connection that broke does not say whether it wrote before.
      for (const { reject } of group) reject(error);
    }
    return true;
  }

  return (publication) => {
    if (publication.events.length > mostTogether) return publishEvents(db, publication);
    return new Promise((resolve, reject) => {
      const { id } = publication.merchant;
      const line = lines.get(id) ?? { queue: [], underWay: 0, isAboutToWrite: false };
      lines.set(id, line);
      line.queue.push({ publication, resolve, reject });
      writeSoon(id, line);
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
  const keys = new Set(first!.publication.events.flatMap(({ dedupeKey }) => dedupeKey ?? []));
  const versions = new Map(first!.publication.types.map(({ name, version }) => [name, version]));
  let count = first!.publication.events.length;
  for (const one of rest) {
    const { events, types } = one.publication;
    const fits =
      isPlain(one.publication) &&
      count + events.length <= mostTogether &&
      events.every(({ dedupeKey }) => dedupeKey === null || !keys.has(dedupeKey)) &&
      types.every(({ name, version }) => (versions.get(name) ?? version) === version);
    if (!fits) {
      queue.push(one);
      continue;
    }
    group.push(one);
    count += events.length;
    for (const { dedupeKey } of events) if (dedupeKey !== null) keys.add(dedupeKey);
    for (const { name, version } of types) versions.set(name, version);
  }
  return group;
}

/** Keys that a request's Idempotency-Key gives stand or fall with the whole request. */
function isPlain({ events, keyPastEnd }: Publication): boolean {
  return keyPastEnd === null && events.every(({ isKeyOfRequest }) => !isKeyOfRequest);
}

function joined(group: readonly Waiting[]): Publication {
  const first = group[0]!.publication;
  const types = new Map(
    group.flatMap(({ publication }) => publication.types.map((type) => [type.name, type])),
  );
  return {
    merchant: first.merchant,
    events: group.flatMap(({ publication }) => publication.events),
    types: [...types.values()],
    keyPastEnd: null,
  };
}
