import { decideOnOrder } from '../../domain/order.ts';
import type { CloseReason, OrderChange } from '../../domain/order.ts';
import type { ProviderReport, ReportDecision } from '../../domain/payment.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { PaymentRead } from '../../db/queries/read-payment.ts';

/** What a decision on a provider's report changes in our rows; undefined for nothing at all. */
export function changeOfReport(input: {
  read: PaymentRead;
  report: ProviderReport;
  decision: ReportDecision;
  closeReason: CloseReason;
}): Change | undefined {
  const { read, decision } = input;
  const at = new Date();
  const payment = paymentPatch(decision, input.report, at);
  const change = decideOnOrder(read.order, decision, input.closeReason);
  if (change.kind !== 'none') {
    return {
      order: orderPatch(change, payment?.settledAt ?? at, at),
      payment: payment ?? {},
      event: change.event,
    };
  }
  return payment && { order: {}, payment, event: null };
}

type Changed = Exclude<OrderChange, { kind: 'none' }>;

function orderPatch(change: Changed, settledAt: Date, at: Date): Change['order'] {
  const { status } = change;
  switch (change.kind) {
    case 'paid':
      return { status, paidAt: settledAt, reviewReason: null };
    case 'closed':
      return { status, closedAt: at, closeReason: change.closeReason };
    case 'failed':
      return { status, closedAt: at };
    case 'review':
      return { status, reviewReason: change.reviewReason };
  }
}

function paymentPatch(
  decision: ReportDecision,
  report: ProviderReport,
  at: Date,
): Change['payment'] | undefined {
  if (decision.kind === 'close') return { status: 'closed' };
  if (decision.kind !== 'settle' || report.status !== 'succeeded') return undefined;
  const settledAt = report.paidAt === undefined ? at : new Date(report.paidAt);
  return { status: 'succeeded', settledAt, providerTradeNo: report.providerTradeNo };
}
