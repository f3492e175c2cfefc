import type { OrderId } from '../../domain/ids.ts';
import type { CloseReason } from '../../domain/order.ts';
import { decideOnReport } from '../../domain/payment.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import type { Database } from '../../db/database.ts';
import { readPayment } from '../../db/queries/read-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import { changeOfReport } from './change-of-report.ts';
import { commitDecision } from './commit-decision.ts';

/** Applies what the provider answered to a question of ours. */
export function applyReport(
  db: Database,
  input: { orderId: OrderId; report: ProviderReport; closeReason: CloseReason },
): Promise<OrderProgress> {
  return commitDecision(db, {
    read: () => readPayment(db, input),
    decide: (read) =>
      changeOfReport({ ...input, read, decision: decideOnReport(read.payment, input.report) }),
  });
}
