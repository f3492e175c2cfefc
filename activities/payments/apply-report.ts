import { decideOnOrder } from '../../domain/order.ts';
import type { CloseReason, OrderStatus } from '../../domain/order.ts';
import { decideOnReport } from '../../domain/payment.ts';
import type { ProviderReport, ReportDecision } from '../../domain/payment.ts';
import { changeOrder } from '../../db/queries/change-order.ts';
import type { LockedPayment } from '../../db/queries/lock-payment.ts';
import { updatePayment } from '../../db/queries/update-payment.ts';
import type { Transaction } from '../../db/transaction.ts';

export type AppliedReport = { status: OrderStatus; decision: ReportDecision['kind'] };

/** Applies what a provider said about a payment whose rows the caller has locked. */
export function applyReport(
  tx: Transaction,
  input: { locked: LockedPayment; report: ProviderReport; closeReason: CloseReason },
): Promise<AppliedReport> {
  const decision = decideOnReport(input.locked.payment, input.report);
  return applyDecision(tx, { ...input, decision });
}

/** Carries out a decision in one transaction: payment, order and event. */
export async function applyDecision(
  tx: Transaction,
  input: {
    locked: LockedPayment;
    report: ProviderReport;
    decision: ReportDecision;
    closeReason: CloseReason;
  },
): Promise<AppliedReport> {
  const { locked, report, decision } = input;
  const at = new Date();
  const payment = { ...locked.payment, provider: locked.provider };
  if (decision.kind === 'settle' && report.status === 'succeeded') {
    const settledAt = report.paidAt ? new Date(report.paidAt) : at;
    Object.assign(payment, {
      status: 'succeeded',
      settledAt,
      providerTradeNo: report.providerTradeNo,
    });
    await updatePayment(tx, payment);
  } else if (decision.kind === 'close') {
    payment.status = 'closed';
    await updatePayment(tx, payment);
  }
  const change = decideOnOrder(locked.order, decision, input.closeReason);
  if (change.kind === 'none') return { status: locked.order.status, decision: decision.kind };
  await changeOrder(tx, { order: locked.order, shard: locked.shard, payment, change, at });
  return { status: change.status, decision: decision.kind };
}
