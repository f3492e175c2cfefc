import type { OrderId, PaymentId } from '../../domain/ids.ts';
import type { CloseReason } from '../../domain/order.ts';
import { decideOnReport } from '../../domain/payment.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { changeOfReport } from './change-of-report.ts';
import { commitDecision } from './commit-decision.ts';

/** Applies what the provider answered to a question of ours about one payment. */
export function applyReport(
  deps: ActivityDeps,
  input: {
    orderId: OrderId;
    paymentId: PaymentId;
    report: ProviderReport;
    closeReason: CloseReason;
  },
): Promise<OrderProgress> {
  const { report, closeReason, paymentId } = input;
  if (report.status === 'unknown') {
    const { providerStatus } = report;
    deps.logger.error({ paymentId, providerStatus }, 'a provider status we have no word for');
  }
  return commitDecision(deps, {
    read: () => readOrder(deps.db, input),
    decide: (read) => {
      const payment = paymentOf(read, paymentId);
      const decision = decideOnReport(stateOf(read, payment), report);
      return changeOfReport({ read, payment, decision, closeReason });
    },
  });
}

/** A payment as the rules look at it. */
export function stateOf({ order }: OrderRead, payment: PaymentRow) {
  return { ...payment, capture: order.capture };
}
