import { envelopeOf } from '../../domain/events.ts';
import type { EventType } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { EventId, MerchantId } from '../../domain/ids.ts';

export type NewEvent = {
  id: EventId;
  merchantId: MerchantId;
  shard: number;
  type: EventType;
  resourceId: string;
  body: string;
  createdAt: Date;
};

/** Creates the event of a state change, to be written by the same statement. */
export function newEvent(input: {
  merchantId: MerchantId;
  shard: number;
  type: EventType;
  resourceId: string;
  data: unknown;
  at: Date;
}): NewEvent {
  const { data, at, ...rest } = input;
  const id = newId('event');
  const body = envelopeOf({ id, type: input.type, timestamp: at.toISOString(), data });
  return { ...rest, id, body, createdAt: at };
}
