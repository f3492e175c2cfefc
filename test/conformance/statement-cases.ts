import assert from 'node:assert/strict';
import type { StatementEntry, StatementResult } from '../../providers/provider.ts';
import { tradesOf } from '../support/trades-of.ts';
import type { TradeEntry } from '../support/trades-of.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { openScene } from './scene.ts';
import { endOfRefund, paid, refundOf } from './steps.ts';

// Yesterday at noon in UTC is the same day at every provider, whatever zone it keeps its books in.
const noon = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

export const statementCases: readonly ConformanceCase[] = [
  {
    name: 'a statement has every payment and refund of its day, to the minor unit',
    async run(scene) {
      const seeded = Array.from({ length: 50 }, (_, i) => {
        const { outTradeNo } = scene.wanted();
        const at = `${noon}T12:00:00.000Z`;
        const refunds =
          i % 5 === 0 ? [{ refundNo: `R${outTradeNo}`.slice(0, 32), amountMinor: 1 + i, at }] : [];
        return {
          outTradeNo,
          amountMinor: 101 + i * 37,
          currency: scene.profile.currency,
          paidAt: at,
          refunds,
        };
      });
      const { status, text } = await scene.simulator.call('POST', '/seed', {
        body: { account: scene.sandbox.account, payments: seeded },
      });
      assert.ok(status < 300, text);
      const entries = await entriesOf(await scene.provider.fetchStatement({ date: noon }));
      const payments = entries.filter(({ kind }) => kind === 'payment');
      assert.deepEqual(
        payments.map(({ outTradeNo, amountMinor }) => [outTradeNo, amountMinor]).toSorted(byNumber),
        seeded.map(({ outTradeNo, amountMinor }) => [outTradeNo, amountMinor]).toSorted(byNumber),
      );
      const refunds = entries.filter((entry) => entry.kind === 'refund');
      assert.deepEqual(
        refunds.map(({ refundNo, amountMinor }) => [refundNo, amountMinor]).toSorted(byNumber),
        seeded
          .flatMap((one) => one.refunds)
          .map(({ refundNo, amountMinor }) => [refundNo, amountMinor])
          .toSorted(byNumber),
      );
      for (const { currency, at } of entries) {
        assert.equal(currency, scene.profile.currency);
        assert.ok(!Number.isNaN(Date.parse(at)));
      }
    },
  },
  {
    name: 'what was paid and refunded over the API stands in the statement too',
    async run(scene) {
      const payment = await paid(scene);
      const refund = refundOf(payment);
      await scene.provider.refund(refund);
      await endOfRefund(scene, refund);
      // The provider's today, and its yesterday where midnight is near.
      const days = [0, -1, 1].map((day) =>
        new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10),
      );
      const entries: TradeEntry[] = [];
      for (const date of days) {
        const result = await scene.provider.fetchStatement({ date }).catch(() => undefined);
        if (result?.kind === 'ready') entries.push(...(await entriesOf(result)));
      }
      const own = entries.filter(({ outTradeNo }) => outTradeNo === payment.outTradeNo);
      assert.ok(own.some(({ kind, amountMinor }) => kind === 'payment' && amountMinor === 1250));
      assert.ok(own.some((one) => one.kind === 'refund' && one.refundNo === refund.refundNo));
    },
  },
  {
    name: 'a day that is not over has no statement yet',
    async run({ name }) {
      const strict = await openScene(name, { hasSameDayStatements: false });
      try {
        // Two days ahead of the farthest zone: no provider can have it.
        const date = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
        const result = await strict.provider.fetchStatement({ date });
        assert.equal(result.kind, 'notReady');
      } finally {
        await strict.close();
      }
    },
  },
];

function byNumber([a]: (string | number)[], [b]: (string | number)[]): number {
  return String(a) < String(b) ? -1 : 1;
}

async function entriesOf(result: StatementResult): Promise<TradeEntry[]> {
  assert.equal(result.kind, 'ready');
  const entries: StatementEntry[] = [];
  if (result.kind === 'ready') for await (const entry of result.entries) entries.push(entry);
  return tradesOf(entries);
}
