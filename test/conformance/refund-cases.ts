import assert from 'node:assert/strict';
import type { ConformanceCase } from './conformance-case.ts';
import { endOfRefund, paid, refundOf } from './steps.ts';

export const refundCases: readonly ConformanceCase[] = [
  {
    name: 'a part is given back once, however often it is asked for, and reported exactly',
    async run(scene) {
      const payment = await paid(scene);
      const refund = refundOf(payment);
      for (let i = 0; i < 3; i++) {
        const given = await scene.provider.refund(refund);
        assert.equal(given.kind, 'reported');
      }
      const report = await endOfRefund(scene, refund);
      assert.equal(report.status, 'succeeded');
      assert.ok(report.status === 'succeeded' && report.providerRefundNo);
      assert.deepEqual([report.refundedMinor, report.currency], [400, scene.profile.currency]);
      const booked = await scene.booked(payment);
      assert.deepEqual(
        booked?.refunds.map(({ executions, amountMinor }) => [executions, amountMinor]),
        [[1, 400]],
      );
    },
  },
  {
    name: 'the same refund number with another amount gives nothing more',
    async run(scene) {
      const payment = await paid(scene);
      const refund = refundOf(payment);
      await scene.provider.refund(refund);
      await endOfRefund(scene, refund);
      const other = await scene.provider
        .refund({ ...refund, refundMinor: 500 })
        .then((given) => (given.kind === 'reported' ? given.report.status : given.kind))
        .catch(() => 'fault');
      // Stripe's adapter finds the refund there is; the others are refused.
      assert.ok(other !== 'pending', other);
      const booked = await scene.booked(payment);
      assert.deepEqual(
        booked?.refunds.map(({ amountMinor }) => amountMinor),
        [400],
      );
    },
  },
  {
    name: 'more than is left is refused, as data',
    async run(scene) {
      const payment = await paid(scene);
      const first = refundOf(payment, { refundMinor: 1_000 });
      await scene.provider.refund(first);
      await endOfRefund(scene, first);
      const given = await scene.provider.refund(refundOf(payment, { refundMinor: 251 }));
      assert.notEqual(given.kind, 'reported');
    },
  },
  {
    name: 'a refund nobody has asked for is absent',
    async run(scene) {
      const payment = await paid(scene);
      const { refundNo } = refundOf(payment);
      const asked = { payment, refundNo, providerRefundNo: null };
      const { report } = await scene.provider.queryRefund(asked);
      assert.deepEqual(report, { status: 'absent' });
    },
  },
  {
    name: 'the whole of it can be given back in parts',
    async run(scene) {
      const payment = await paid(scene);
      for (const refundMinor of [250, 400, 600]) {
        const refund = refundOf(payment, { refundMinor });
        await scene.provider.refund(refund);
        assert.equal((await endOfRefund(scene, refund)).status, 'succeeded');
      }
      const booked = await scene.booked(payment);
      assert.equal(
        booked?.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
        1250,
      );
    },
  },
  {
    name: 'a refund that bounces needs attention, and is not taken for done',
    isFor: ({ canBounce }) => canBounce,
    async run(scene) {
      const payment = await paid(scene);
      await scene.fault(payment, { call: 'refund', kind: 'bounce' });
      const refund = refundOf(payment);
      await scene.provider.refund(refund);
      const report = await endOfRefund(scene, refund);
      assert.equal(report.status, 'needs_attention');
    },
  },
];
