import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Filter } from '../../domain/filter.ts';
import type { Address } from '../../domain/participant.ts';
import { atOnce } from '../../domain/at-once.ts';
import { fanOut } from '../../domain/topic.ts';
import type { TopicMember } from '../../domain/topic.ts';

const member = (address: Address, merchant: number, filter: Filter | null = null): TopicMember => ({
  address,
  filter,
  merchantId: `mer_${merchant}`,
});

const members = fc.uniqueArray(
  fc
    .record({ n: fc.nat(20), merchant: fc.nat(5) })
    .map(({ n, merchant }) => member(`ep_${n}`, merchant)),
  { selector: ({ address }) => address, minLength: 1 },
);

test('every merchant with a member that is not the sender is told, once', () => {
  fc.assert(
    fc.property(members, fc.nat(), (all, pick) => {
      const sender = all[pick % all.length]!.address;
      const told = atOnce(fanOut({ members: all, sender, event: {} }));
      expect(new Set(told).size).toBe(told.length);
      const others = all.filter(({ address }) => address !== sender);
      expect(new Set(told)).toEqual(new Set(others.map(({ merchantId }) => merchantId)));
    }),
  );
});

test('a member with a filter is told what that lets through, and nothing else', () => {
  const event = (price: number) => ({ type: 'group.message', data: { body: { price } } });
  const all = [
    member('mer_1', 1),
    member('mer_2', 2, { 'data.body.price': { $gte: 10 } }),
    member('mer_3', 3),
  ];
  expect(atOnce(fanOut({ members: all, sender: 'mer_1', event: event(9) }))).toEqual(['mer_3']);
  expect(atOnce(fanOut({ members: all, sender: 'mer_1', event: event(10) }))).toEqual([
    'mer_2',
    'mer_3',
  ]);
});

test('a merchant of which one member wants a message is told, whatever its others filter', () => {
  const all = [member('mer_1', 1), member('ep_1', 2, { 'data.key': 'never' }), member('ep_2', 2)];
  expect(atOnce(fanOut({ members: all, sender: 'mer_1', event: { data: {} } }))).toEqual(['mer_2']);
});
