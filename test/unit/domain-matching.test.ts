import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesAny } from '../../domain/events.ts';
import { compileFilter } from '../../domain/filter.ts';
import { compileMatcher } from '../../domain/matching.ts';
import type { Subscription } from '../../domain/matching.ts';

const wants = (settings: Partial<Subscription> = {}): Subscription => ({
  eventTypes: ['*'],
  channels: [],
  filter: null,
  ordering: 'none',
  rules: [],
  ...settings,
});
const eventOf = (type: string, data: unknown = {}, channels: string[] = []) => ({
  type,
  channels,
  body: JSON.stringify({ id: 'evt_1', type, timestamp: '2026-11-22T00:00:00Z', data }),
});

test('of the rules that fit a type, the first that says something about a matter decides it', () => {
  const subscription = wants({
    ordering: 'resource',
    rules: [
      { eventTypes: ['order.paid'], priority: 'high' },
      { eventTypes: ['order.*'], priority: 'low', ttlSeconds: 60 },
      { eventTypes: ['*'], ttlSeconds: 5, latestOnly: true },
    ],
  });
  const matches = compileMatcher([subscription]);
  expect(matches(eventOf('order.paid'))).toEqual([
    {
      subscription,
      priority: 0,
      ttlSeconds: 60,
      isLatestOnly: true,
      isAtMostOnce: false,
      isOrdered: true,
    },
  ]);
  expect(matches(eventOf('refund.created'))).toMatchObject([{ priority: 1, ttlSeconds: 5 }]);
});

test('an event is parsed only where somebody filters', () => {
  const broken = { type: 'order.paid', channels: [], body: 'no JSON at all' };
  expect(compileMatcher([wants()])(broken)).toHaveLength(1);
  expect(() => compileMatcher([wants({ filter: { type: 'order.paid' } })])(broken)).toThrow(
    SyntaxError,
  );
});

test('the compiled matcher finds whom looking at each would find, in their order', () => {
  const type = fc.constantFrom('order.paid', 'order.closed', 'refund.created', 'cart.left');
  const channel = fc.constantFrom<string>('eu', 'us');
  const subscription = fc.record({
    eventTypes: fc.array(fc.constantFrom('*', 'order.*', 'order.paid', 'cart.left'), {
      minLength: 1,
      maxLength: 3,
    }),
    channels: fc.array(channel, { maxLength: 2 }),
    limit: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
  });
  const event = fc.record({
    type,
    channels: fc.array(channel, { maxLength: 2 }),
    amount: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(subscription), fc.array(event), (drawn, events) => {
      const subscriptions = drawn.map(({ eventTypes, channels, limit }) =>
        wants({
          eventTypes,
          channels,
          filter: limit === null ? null : { 'data.amount': { $gte: limit } },
        }),
      );
      const matches = compileMatcher(subscriptions);
      for (const { type, channels, amount } of events) {
        const given = eventOf(type, { amount }, channels);
        const expected = subscriptions.filter(
          (one) =>
            matchesAny(one.eventTypes, type) &&
            (one.channels.length === 0 || one.channels.some((name) => channels.includes(name))) &&
            (!one.filter || compileFilter(one.filter)(JSON.parse(given.body))),
        );
        expect(matches(given).map((match) => match.subscription)).toEqual(expected);
      }
    }),
  );
});
