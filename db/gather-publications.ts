import type { MerchantId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import { publishEvents } from './queries/publish-events.ts';
import type { Publication, PublishResult } from './queries/publish-events.ts';

export type Publish = (publication: Publication) => Promise<PublishResult>;

// So many events go into one statement; a request that has more goes by itself.
const mostTogether = 200;

type Waiting = {
  publication: Publication;
  resolve: (result: PublishResult) => void;
  reject: (error: unknown) => void;
};

/**
 * Publishes what comes while a merchant's last statement is under way in one statement together: under
 * load one commit carries many requests, alone none waits for another. Each is answered when its events
 * are committed; what cannot be written together is written by itself, and answered by itself.
 */
export function gatherPublications(db: Database): Publish {
  const waiting = new Map<MerchantId, Waiting[]>();

  async function work(merchantId: MerchantId, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) await writeTogether(takeTogether(queue));
    waiting.delete(merchantId);
  }

  async function writeTogether(group: readonly Waiting[]): Promise<void> {
    if (group.length > 1 && (await tryTogether(group))) return;
    await Promise.all(
      group.map(({ publication, resolve, reject }) =>
        publishEvents(db, publication).then(resolve, reject),
      ),
    );
  }

  /** False where the group was not written, whatever the reason: then each finds out its own. */
  async function tryTogether(group: readonly Waiting[]): Promise<boolean> {
    const result = await publishEvents(db, joined(group)).catch(() => undefined);
    if (result?.kind !== 'published') return false;
    let from = 0;
    for (const { publication, resolve } of group) {
      const to = from + publication.events.length;
      resolve({ kind: 'published', events: result.events.slice(from, to) });
      from = to;
    }
    return true;
  }

  return (publication) => {
    if (publication.events.length > mostTogether) return publishEvents(db, publication);
    return new Promise((resolve, reject) => {
      const one = { publication, resolve, reject };
      const { id } = publication.merchant;
      const queue = waiting.get(id);
      if (queue) {
        queue.push(one);
        return;
      }
      const fresh = [one];
      waiting.set(id, fresh);
      void work(id, fresh);
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
