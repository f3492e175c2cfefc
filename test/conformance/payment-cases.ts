import assert from 'node:assert/strict';
import { createProvider } from '../../providers/create-provider.ts';
import { definitions } from '../../providers/registry.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { holdingMethod, reportOf } from './steps.ts';

export const paymentCases: readonly ConformanceCase[] = [
  {
    name: 'an account without a required field is refused, naming the field',
    async run({ name, sandbox }) {
      const { settings, credentials } = definitions[name].account;
      for (const field of [...settings, ...credentials]) {
        const without = (fields: Readonly<Record<string, string>>) =>
          Object.fromEntries(Object.entries(fields).filter(([key]) => key !== field));
        await assert.rejects(
          () =>
            createProvider({
              provider: name,
              settings: without(sandbox.settings),
              credentials: without(sandbox.credentials),
            }),
          new RegExp(field),
        );
      }
    },
  },
  {
    name: 'every method gives the payer something to do',
    async run({ name, provider, wanted, profile }) {
      for (const [method, traits] of Object.entries(definitions[name].methods)) {
        const payer = { providerUserId: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', ip: '203.0.113.7' };
        const created = await provider.createPayment(wanted({ method, payer }));
        assert.equal(created.kind, 'created', method);
        assert.ok(traits.currencies === 'any' || traits.currencies.includes(profile.currency));
      }
    },
  },
  {
    name: 'opening the same payment twice opens one',
    async run({ provider, wanted, booked, simulator, sandbox }) {
      const input = wanted();
      const first = await provider.createPayment(input);
      const second = await provider.createPayment(input);
      assert.deepEqual(second, first);
      assert.ok(await booked(input));
      const { body } = await simulator.call<{ payments: { outTradeNo: string }[] }>(
        'GET',
        `/book?account=${sandbox.account}`,
      );
      const own = body.payments.filter(({ outTradeNo }) => outTradeNo === input.outTradeNo);
      assert.equal(own.length, 1);
    },
  },
  {
    name: 'the same number with another amount is refused, and the first stays as it was',
    async run({ provider, wanted, booked }) {
      const input = wanted();
      await provider.createPayment(input);
      const other = await provider.createPayment({ ...input, amountMinor: 9_999 }).then(
        ({ kind }) => kind,
        () => 'fault',
      );
      assert.notEqual(other, 'created');
      assert.equal((await booked(input))?.amountMinor, 1250);
    },
  },
  {
    name: 'a currency it does not take is declined',
    isFor: ({ refusedCurrency }) => refusedCurrency !== null,
    async run({ provider, wanted, profile }) {
      const created = await provider.createPayment(
        wanted({ currency: profile.refusedCurrency ?? '' }),
      );
      assert.equal(created.kind, 'declined');
    },
  },
  {
    name: 'a payment nobody has opened is absent',
    async run({ provider, wanted, profile }) {
      const { outTradeNo, amountMinor } = wanted();
      const { report } = await provider.queryPayment({
        outTradeNo,
        amountMinor,
        currency: profile.currency,
        providerRef: null,
        providerTradeNo: null,
      });
      assert.deepEqual(report, { status: 'absent' });
    },
  },
  {
    name: 'a payment nobody has paid is pending',
    async run(scene) {
      const payment = await scene.open();
      assert.equal((await reportOf(scene, payment)).status, 'pending');
    },
  },
  {
    name: 'a paid payment is reported with its exact amount, currency and number',
    async run(scene) {
      for (const amountMinor of [1, 100, 1250, 99_999_999]) {
        // Stripe has least amounts of its own by currency; the simulators take any.
        const payment = await scene.open({ amountMinor });
        const booked = await scene.tell(payment, 'pay');
        assert.deepEqual(await reportOf(scene, payment).then(withoutTime), {
          status: 'succeeded',
          paidMinor: amountMinor,
          currency: scene.profile.currency,
          providerTradeNo: booked.providerTradeNo,
        });
      }
    },
  },
  {
    name: 'closing an unpaid payment keeps it from being paid',
    async run(scene) {
      const payment = await scene.open();
      assert.deepEqual(await scene.provider.closePayment(payment), { kind: 'closed' });
      assert.ok(['closed', 'absent'].includes((await reportOf(scene, payment)).status));
      await assert.rejects(scene.tell(payment, 'pay'));
      assert.deepEqual(await scene.provider.closePayment(payment), { kind: 'closed' });
    },
  },
  {
    name: 'closing a paid payment says paid, and takes nothing back',
    async run(scene) {
      const payment = await scene.open();
      await scene.tell(payment, 'pay');
      assert.deepEqual(await scene.provider.closePayment(payment), { kind: 'paid' });
      assert.equal((await reportOf(scene, payment)).status, 'succeeded');
      assert.equal((await scene.booked(payment))?.captures, 1);
    },
  },
  {
    name: 'closing what was never opened says absent',
    async run({ provider, wanted }) {
      const { outTradeNo, amountMinor, currency } = wanted();
      const ref = { outTradeNo, amountMinor, currency, providerRef: null, providerTradeNo: null };
      const { kind } = await provider.closePayment(ref);
      assert.equal(kind, 'absent');
    },
  },
  {
    name: 'reversing an unknown outcome leaves no open payment',
    async run(scene) {
      if (!scene.provider.reversePayment) return;
      const payment = await scene.open();
      await scene.provider.reversePayment(payment);
      await assert.rejects(scene.tell(payment, 'pay'));
    },
  },
  {
    name: 'held money is reported as held, captured in part, once',
    isFor: (_, name) => holdingMethod(name) !== undefined,
    async run(scene) {
      const method = holdingMethod(scene.name) ?? '';
      const payment = await scene.open({ method, capture: 'manual' });
      await scene.tell(payment, 'pay');
      assert.equal((await reportOf(scene, payment)).status, 'authorized');
      for (let i = 0; i < 2; i++) {
        const captured = await scene.provider.capturePayment?.({ ...payment, captureMinor: 900 });
        assert.equal(captured?.kind, 'reported');
      }
      const report = await reportOf(scene, payment);
      assert.equal(report.status === 'succeeded' && report.paidMinor, 900);
      assert.equal((await scene.booked(payment))?.captures, 1);
    },
  },
  {
    name: 'held money is let go by closing',
    isFor: (_, name) => holdingMethod(name) !== undefined,
    async run(scene) {
      const method = holdingMethod(scene.name) ?? '';
      const payment = await scene.open({ method, capture: 'manual' });
      await scene.tell(payment, 'pay');
      assert.deepEqual(await scene.provider.closePayment(payment), { kind: 'closed' });
      assert.equal((await scene.booked(payment))?.captures, 0);
    },
  },
  {
    name: 'wrong keys are misconfigured, and nothing is opened',
    async run({ clientWith, wanted, profile, booked, sandbox }) {
      const { name, value } = profile.wrongCredential;
      const place = name in sandbox.settings ? 'settings' : 'credentials';
      const client = await clientWith({ [place]: { [name]: value } });
      const input = wanted();
      await assert.rejects(client.createPayment(input), { kind: 'misconfigured' });
      assert.equal(await booked(input), undefined);
    },
  },
];

function withoutTime<T extends object>(report: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(report).filter(([key]) => key !== 'paidAt'),
  ) as Partial<T>;
}
