import { expect, test } from 'vitest';
import { changeOfDispute } from '../../services/payments/change-of-dispute.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { DisputeReport } from '../../domain/dispute.ts';

const payment = {
  id: 'pay_1',
  accountId: 'acc_1',
  currency: 'USD',
  status: 'succeeded',
} as unknown as PaymentRow;
const report: DisputeReport = {
  disputeNo: 'dp_1',
  status: 'inquiry',
  amountMinor: 1_000,
  currency: 'USD',
  reason: 'fraud',
};
const readWith = (disputes: OrderRead['disputes']) =>
  ({ order: { id: 'ord_1', version: 1 }, disputes }) as unknown as OrderRead;

test('what is taken in the end is booked, whatever was asked about first', () => {
  const inquired = changeOfDispute({ read: readWith([]), payment, report })?.dispute;
  expect(inquired).toMatchObject({ status: 'inquiry', amountMinor: 1_000 });
  const read = readWith([inquired!]);
  const opened = changeOfDispute({
    read,
    payment,
    report: { ...report, status: 'open', amountMinor: 700 },
  });
  expect(opened?.dispute).toMatchObject({ status: 'open', amountMinor: 700 });
  expect(opened?.ledger?.postings[0]?.lines).toEqual([
    { book: 'merchant', amountMinor: 700 },
    { book: 'disputes', amountMinor: -700 },
  ]);
  const other = changeOfDispute({
    read: readWith([opened!.dispute!]),
    payment,
    report: { ...report, status: 'open', amountMinor: 900 },
  });
  expect(other?.ledger?.postings[0]?.lines).toEqual([
    { book: 'merchant', amountMinor: 200 },
    { book: 'disputes', amountMinor: -200 },
  ]);
  expect(other?.event).toBeNull();
});
