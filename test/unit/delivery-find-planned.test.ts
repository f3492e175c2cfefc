import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlannedDelivery } from '../../db/queries/match-endpoints.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { findPlanned } from '../../delivery/relay/find-planned.ts';

// Only its position and that it is itself matter.
const deliveryAt = (position: number) => ({ position }) as OutgoingDelivery;
const planOf = (delivery: OutgoingDelivery): PlannedDelivery => ({
  ...{ delivery, isSuperseded: false, isSent: true },
});
const positions = fc
  .array(fc.nat({ max: 30 }), { maxLength: 60 })
  .map((all) => all.toSorted((a, b) => a - b));

it('finds each delivery among many of the same event, and none that is not there', () => {
  fc.assert(
    fc.property(positions, fc.nat({ max: 30 }), (all, other) => {
      const planned = all.map((position) => planOf(deliveryAt(position)));
      for (const one of planned) expect(findPlanned(planned, one.delivery)).toBe(one);
      expect(findPlanned(planned, deliveryAt(other))).toBeUndefined();
    }),
  );
});
