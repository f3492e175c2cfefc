import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelopeOf } from '../../domain/events.ts';
import { isSameEvent } from '../../domain/published-event.ts';
import type { PublishedEvent, StoredEvent } from '../../domain/published-event.ts';

const createdAt = new Date('2026-11-22T09:30:00.000Z');
const base = { type: 'cart.abandoned', channels: ['a', 'b'], resourceId: 'cart-77' };

/** What is stored of an event that was published at `createdAt`. */
function stored(
  change: { id?: `evt_${string}`; timestamp?: string; data?: unknown } = {},
): StoredEvent {
  const { id = 'evt_1', timestamp = createdAt.toISOString(), data = { n: 1 } } = change;
  return { ...base, id, createdAt, body: envelopeOf({ id, type: base.type, timestamp, data }) };
}

/** The same, published a day later. */
function given(
  change: Partial<PublishedEvent> & { timestamp?: string; data?: unknown } = {},
): PublishedEvent {
  const { timestamp = '2026-11-23T09:30:00.000Z', data = { n: 1 }, ...fields } = change;
  const event = {
    ...base,
    createdAt: new Date('2026-11-23T09:30:00.000Z'),
    id: 'evt_2' as const,
    hasResource: true,
    hasTime: false,
    ...fields,
  };
  return { ...event, body: envelopeOf({ id: event.id, type: event.type, timestamp, data }) };
}

test('the same content is the same event, whatever id and time it would have been given', () => {
  expect(isSameEvent(stored(), given())).toBe(true);
});

test('the order of fields in the data means nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const reversed = Object.fromEntries(Object.entries(data).toReversed());
      expect(isSameEvent(stored({ data }), given({ data: reversed }))).toBe(true);
    }),
  );
});

test.each([
  ['type', { type: 'cart.changed' }],
  ['resource', { resourceId: 'cart-78' }],
  ['resource left out', { hasResource: false, resourceId: 'evt_2' }],
  ['channels', { channels: ['a'] }],
  ['channels that only look the same when they are joined', { channels: ['a,b'] }],
  ['data', { data: { n: 2 } }],
  ['time', { hasTime: true }],
])('another %s is another event', (_, change) => {
  expect(isSameEvent(stored(), given(change))).toBe(false);
});

test('a time that was given must be given again, and be the same', () => {
  const timestamp = '2026-11-01T00:00:00.000Z';
  expect(isSameEvent(stored({ timestamp }), given({ hasTime: true, timestamp }))).toBe(true);
  expect(isSameEvent(stored({ timestamp }), given())).toBe(false);
});

test('an event that was about itself still is', () => {
  const first = { ...stored(), resourceId: 'evt_1' };
  expect(isSameEvent(first, given({ hasResource: false, resourceId: 'evt_2' }))).toBe(true);
});
