import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { decideOnBinding } from '../../domain/payment.ts';
import type { ProviderNews } from '../../domain/payment.ts';
import type { ParsedNotification } from '../../providers/provider.ts';
import { until } from '../support/until.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Heard } from './scene.ts';
import { paid, refundOf } from './steps.ts';

export const notificationCases: readonly ConformanceCase[] = [
  {
    name: 'a payment is told of, bound to its account and number, and acknowledged in its dialect',
    async run(scene) {
      const payment = await paid(scene);
      const heard = await scene.hears(payment, tellsOf('payment', 'succeeded'));
      const event = eventsOf(heard).find(({ news }) => news.kind === 'payment');
      const expected = scene.provider.expectedBinding(payment);
      assert.ok(event);
      assert.equal(event.binding.appId, expected.appId);
      assert.equal(event.binding.sellerId, expected.sellerId);
      assert.equal(event.binding.outTradeNo, payment.outTradeNo);
      assert.equal(decideOnBinding(expected, event.binding).kind, 'bound');
      assert.ok(event.notificationId);
      const { report } = event.news as Extract<ProviderNews, { kind: 'payment' }>;
      assert.ok(report.status === 'succeeded');
      assert.deepEqual([report.paidMinor, report.currency], [1250, scene.profile.currency]);
      await until('it is acknowledged', async () => {
        const booked = await scene.booked(payment);
        return booked?.notifications.some(({ end }) => end === 'acknowledged');
      });
    },
  },
  {
    name: 'a redelivery has the same id',
    async run(scene) {
      const payment = await paid(scene);
      const first = await scene.hears(payment);
      await scene.simulator.call('POST', `/notifications/${payment.outTradeNo}/resend`, {
        body: { account: scene.sandbox.account },
      });
      const idsOf = (one: Heard) =>
        eventsOf(one)
          .map(({ notificationId }) => notificationId)
          .join();
      await scene.hears(payment, (one) => one !== first && idsOf(one) === idsOf(first));
    },
  },
  {
    name: 'a forged one is rejected',
    async run(scene) {
      const payment = await scene.open();
      await scene.fault(payment, { call: 'notify', kind: 'forged' });
      await scene.tell(payment, 'pay');
      await until('it is rejected', () =>
        scene.heard.find(({ parsed }) => parsed.kind === 'rejected'),
      );
    },
  },
  {
    name: 'no byte of a genuine one can be changed',
    async run(scene) {
      const payment = await paid(scene);
      const { raw, parsed: genuine } = await scene.hears(payment);
      for (let at = 0; at < raw.rawBody.length; at += 7) {
        const changed = raw.rawBody[at] === '1' ? '2' : '1';
        const rawBody = raw.rawBody.slice(0, at) + changed + raw.rawBody.slice(at + 1);
        const parsed = await scene.provider.parseNotification({ ...raw, rawBody });
        // The name of an empty field, which is not signed, may change: what is said may not.
        const saysTheSame = isDeepStrictEqual(parsed, genuine);
        assert.ok(saysTheSame || eventsOf({ parsed }).length === 0, `byte ${at}`);
      }
    },
  },
  {
    name: 'an old one sent again is rejected',
    isFor: ({ hasFreshness }) => hasFreshness,
    async run(scene) {
      const payment = await scene.open();
      await scene.fault(payment, { call: 'notify', kind: 'replayed', delayMs: 10 });
      await scene.tell(payment, 'pay');
      await until('the replay is rejected', () =>
        scene.heard.find(({ parsed }) => parsed.kind === 'rejected'),
      );
    },
  },
  {
    name: 'another amount is told as it was paid, and not as it was asked for',
    async run(scene) {
      const payment = await scene.open();
      await scene.tell(payment, 'pay', { paidMinor: 1_000 });
      const heard = await scene.hears(payment, tellsOf('payment', 'succeeded'));
      const { report } = newsOf(heard, 'payment');
      assert.equal(report.status === 'succeeded' && report.paidMinor, 1_000);
    },
  },
  {
    name: 'one for another application or seller says so in its binding, or is rejected',
    async run(scene) {
      for (const kind of ['wrongApp', 'wrongSeller'] as const) {
        const payment = await scene.open();
        const before = scene.heard.length;
        // All of them: a provider may send several about one payment.
        await scene.fault(payment, { call: 'notify', kind, times: 9 });
        await scene.tell(payment, 'pay');
        const { parsed } = await until('it came', () => scene.heard[before]);
        const expected = scene.provider.expectedBinding(payment);
        const isOurs = eventsOf({ parsed }).some(
          ({ binding }) =>
            binding.appId === expected.appId && binding.sellerId === expected.sellerId,
        );
        assert.equal(isOurs, false, kind);
      }
    },
  },
  {
    name: 'a refund is told of as a refund, never as a second payment',
    async run(scene) {
      const payment = await paid(scene);
      await scene.hears(payment);
      const before = scene.heard.length;
      const refund = refundOf(payment, { notifyUrl: scene.wanted().notifyUrl });
      await scene.provider.refund(refund);
      await until('the refund is told of', () =>
        scene.heard.some((one) =>
          eventsOf(one).some(
            ({ news }) => news.kind === 'refund' && news.refundNo === refund.refundNo,
          ),
        ),
      );
      for (const one of scene.heard.slice(before)) {
        assert.equal(tellsOf('payment', 'succeeded')(one), false);
      }
    },
  },
  {
    name: 'a refund made in the portal is told of, and can be asked about',
    async run(scene) {
      const payment = await paid(scene);
      await scene.tell(payment, 'refund', { amountMinor: 300 });
      const heard = await scene.hears(payment, (one) =>
        eventsOf(one).some(({ news }) => news.kind === 'refund'),
      );
      const { refundNo, providerRefundNo } = newsOf(heard, 'refund');
      const asked = { payment, refundNo, providerRefundNo };
      const { report } = await scene.provider.queryRefund(asked);
      assert.equal(report.status === 'succeeded' && report.refundedMinor, 300);
    },
  },
  {
    name: 'a dispute is told of from its opening to its end',
    isFor: ({ hasDisputes }) => hasDisputes,
    async run(scene) {
      const payment = await paid(scene);
      await scene.tell(payment, 'dispute');
      const disputeIs = (status: string) => (one: Heard) =>
        eventsOf(one).some(({ news }) => news.kind === 'dispute' && news.report.status === status);
      await scene.hears(payment, disputeIs('open'));
      const booked = await scene.booked(payment);
      const disputeNo = booked?.disputes[0]?.disputeNo ?? '';
      await scene.simulator.call('POST', `/disputes/${disputeNo}/close`, { body: { won: true } });
      await scene.hears(payment, disputeIs('won'));
    },
  },
  {
    name: 'junk is rejected or passed over, and never throws',
    async run({ provider }) {
      const bodies = [
        '',
        '{}',
        '[]',
        'null',
        '\0',
        'a=b&a=c',
        '%',
        '{"resource":{}}',
        '💥'.repeat(99),
      ];
      const headers = [{}, { 'stripe-signature': 't=1,v1=00' }, { 'wechatpay-timestamp': 'NaN' }];
      for (const rawBody of bodies) {
        for (const given of headers) {
          const parsed = await provider.parseNotification({ rawBody, headers: { ...given } });
          assert.notEqual(parsed.kind === 'verified' && parsed.events.length > 0, true);
        }
      }
    },
  },
];

function eventsOf({ parsed }: { parsed: ParsedNotification }) {
  return parsed.kind === 'verified' ? parsed.events : [];
}

/** The news of one kind in a notification; throws where there is none. */
function newsOf<K extends ProviderNews['kind']>(
  heard: { parsed: ParsedNotification },
  kind: K,
): Extract<ProviderNews, { kind: K }> {
  const found = eventsOf(heard)
    .map(({ news }) => news)
    .find((news): news is Extract<ProviderNews, { kind: K }> => news.kind === kind);
  assert.ok(found, `news of ${kind}`);
  return found;
}

function tellsOf(kind: 'payment', status: string) {
  return (heard: Heard) =>
    eventsOf(heard).some(({ news }) => news.kind === kind && news.report.status === status);
}
