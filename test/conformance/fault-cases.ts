import assert from 'node:assert/strict';
import type { CallKind } from '../../simulators/kit/faults.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { endOfRefund, holdingMethod, paid, refundOf, reportOf } from './steps.ts';

/** Faults of a call with the kind they must come out as; the last three need a provider that signs. */
const unknown: readonly CallKind[] = [
  'timeoutBefore',
  'executedThenTimeout',
  'http500',
  'systemError',
  'malformed',
];
const tampered: readonly CallKind[] = ['unsigned', 'badSignature'];

export const faultCases: readonly ConformanceCase[] = [
  {
    name: 'an outcome nobody knows is never taken for a no: opening',
    async run(scene) {
      for (const kind of kindsFor(scene)) {
        const input = scene.wanted();
        await scene.fault(input, { call: 'create', kind });
        await assert.rejects(scene.provider.createPayment(input), { kind: 'unknownOutcome' }, kind);
        // The same number again: one payment, whatever the first try came to.
        const again = await scene.provider.createPayment(input);
        assert.equal(again.kind, 'created', kind);
        assert.ok(await scene.booked(input));
      }
    },
  },
  {
    name: 'an outcome nobody knows is never taken for a no: giving back',
    async run(scene) {
      for (const kind of kindsFor(scene)) {
        const payment = await paid(scene);
        const refund = refundOf(payment);
        await scene.fault(payment, { call: 'refund', kind });
        await assert.rejects(scene.provider.refund(refund), { kind: 'unknownOutcome' }, kind);
        await scene.provider.refund(refund);
        assert.equal((await endOfRefund(scene, refund)).status, 'succeeded', kind);
        const booked = await scene.booked(payment);
        assert.deepEqual(
          booked?.refunds.map(({ executions }) => executions),
          [1],
          kind,
        );
      }
    },
  },
  {
    name: 'an outcome nobody knows is never taken for a no: capturing',
    isFor: (_, name) => holdingMethod(name) !== undefined,
    async run(scene) {
      const method = holdingMethod(scene.name) ?? '';
      for (const kind of kindsFor(scene)) {
        const payment = await scene.open({ method, capture: 'manual' });
        await scene.tell(payment, 'pay');
        await scene.fault(payment, { call: 'capture', kind });
        const capture = { ...payment, captureMinor: 1250 };
        await assert.rejects(
          async () => scene.provider.capturePayment?.(capture),
          { kind: 'unknownOutcome' },
          kind,
        );
        await scene.provider.capturePayment?.(capture);
        assert.equal((await reportOf(scene, payment)).status, 'succeeded', kind);
        assert.equal((await scene.booked(payment))?.captures, 1, kind);
      }
    },
  },
  {
    name: 'an outcome nobody knows is never taken for a no: closing',
    async run(scene) {
      for (const kind of kindsFor(scene)) {
        const payment = await scene.open();
        await scene.fault(payment, { call: 'close', kind });
        await assert.rejects(scene.provider.closePayment(payment), { name: 'ProviderFault' }, kind);
        assert.deepEqual(await scene.provider.closePayment(payment), { kind: 'closed' }, kind);
      }
    },
  },
  {
    name: 'a question without an answer is a fault, not an answer',
    async run(scene) {
      for (const kind of kindsFor(scene)) {
        const payment = await paid(scene);
        await scene.fault(payment, { call: 'query', kind });
        await assert.rejects(reportOf(scene, payment), { name: 'ProviderFault' }, kind);
        assert.equal((await reportOf(scene, payment)).status, 'succeeded', kind);
      }
    },
  },
  {
    name: 'being turned away for calling too often is retryable',
    async run(scene) {
      const input = scene.wanted();
      await scene.fault(input, { call: 'create', kind: 'rateLimited' });
      await assert.rejects(scene.provider.createPayment(input), { kind: 'retryable' });
      assert.equal(await scene.booked(input), undefined);
    },
  },
  {
    name: 'a connection that never stood is retryable',
    async run({ clientWith, sandbox, wanted, simulator }) {
      const dead = 'http://127.0.0.1:9';
      const settings = Object.fromEntries(
        Object.entries(sandbox.settings).map(([name, value]) => [
          name,
          value.replace(simulator.url, dead),
        ]),
      );
      const client = await clientWith({ settings });
      await assert.rejects(client.createPayment(wanted()), { kind: 'retryable' });
    },
  },
];

function kindsFor({ profile }: { profile: { signsAnswers: boolean } }): readonly CallKind[] {
  return profile.signsAnswers ? [...unknown, ...tampered] : unknown;
}
