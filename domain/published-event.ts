import type { EventEnvelope } from './events.ts';
import type { EventId } from './ids.ts';
import { canonicalJson } from './json-value.ts';

/** An event as stored in the log. `body` is its envelope. */
export type StoredEvent = {
  id: EventId;
  type: string;
  resourceId: string;
  channels: readonly string[];
  body: string;
  createdAt: Date;
};

/** A published event, ready to be written. */
export type PublishedEvent = StoredEvent & {
  /** False: the publisher named no resource, and the event is its own. */
  hasResource: boolean;
  /** False: the publisher gave no time, and the time of writing is used. */
  hasTime: boolean;
};

/**
 * True if an event published again under its key equals the stored one. Omitted fields must have been omitted then too;
 * the order of fields does not matter.
 */
export function isSameEvent(stored: StoredEvent, published: PublishedEvent): boolean {
  const resourceId = published.hasResource ? published.resourceId : stored.id;
  if (stored.type !== published.type || stored.resourceId !== resourceId) return false;
  if (canonicalJson(stored.channels) !== canonicalJson(published.channels)) return false;
  const [before, now] = [envelopeIn(stored.body), envelopeIn(published.body)];
  const timestamp = published.hasTime ? now.timestamp : stored.createdAt.toISOString();
  return before.timestamp === timestamp && canonicalJson(before.data) === canonicalJson(now.data);
}

/** `envelopeOf` wrote the body. */
function envelopeIn(body: string): EventEnvelope {
  return JSON.parse(body) as EventEnvelope;
}
