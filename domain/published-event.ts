import type { EventEnvelope } from './events.ts';
import type { EventId } from './ids.ts';
import { canonicalJson } from './json-value.ts';

/** An event as it lies in the log. `body` is its envelope. */
export type StoredEvent = {
  id: EventId;
  type: string;
  resourceId: string;
  channels: readonly string[];
  body: string;
  createdAt: Date;
};

/** An event as its publisher gave it, ready to be written. */
export type PublishedEvent = StoredEvent & {
  /** The publisher said what it is about; else it is about itself. */
  isResourceGiven: boolean;
  /** The publisher said when it happened; else that is when it was written. */
  isTimeGiven: boolean;
};

/**
 * True where an event published under a known key says the same as the one there is. What the publisher
 * left out must have been left out then; the order of fields means nothing.
 */
export function isSameEvent(stored: StoredEvent, given: PublishedEvent): boolean {
  const resourceId = given.isResourceGiven ? given.resourceId : stored.id;
  if (stored.type !== given.type || stored.resourceId !== resourceId) return false;
  if (canonicalJson(stored.channels) !== canonicalJson(given.channels)) return false;
  const [before, now] = [envelopeIn(stored.body), envelopeIn(given.body)];
  const timestamp = given.isTimeGiven ? now.timestamp : stored.createdAt.toISOString();
  return before.timestamp === timestamp && canonicalJson(before.data) === canonicalJson(now.data);
}

/** Only `envelopeOf` writes bodies. */
function envelopeIn(body: string): EventEnvelope {
  return JSON.parse(body) as EventEnvelope;
}
