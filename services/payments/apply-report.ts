import type { OrderId, PaymentId } from '../../domain/ids.ts';
import type { CloseReason } from '../../domain/order.ts';
import { decideOnReport } from '../../domain/payment.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import { paymentOf, readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ServiceDeps } from '../deps.ts';
import { changeOfGivenBack } from '../refunds/change-of-given-back.ts';
import { changeOfReport } from './change-of-report.ts';
import { commitDecision } from './commit-decision.ts';

/** Applies a provider's answer to a query about one payment. */
export async function applyReport(
  deps: ServiceDeps,
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
    deps.logger.error({ paymentId, providerStatus }, 'unmapped provider status');
  }
  const read = () => readOrder(deps.db, input);
  const progress = await commitDecision(deps, {
    read,
    decide: (read) => {
      const payment = paymentOf(read, paymentId);
      const decision = decideOnReport(stateOf(read, payment), report);
      const isGivenBack = isWhollyGivenBack(report);
      return changeOfReport({
        read,
        payment,
        decision,
        closeReason,
        isGivenBack,
        source: { report },
      });
    },
  });
  if (!isWhollyGivenBack(report)) return progress;
  return commitDecision(deps, {
    read,
    decide: (read) => changeOfGivenBack({ read, payment: paymentOf(read, paymentId) }),
  });
}

export function isWhollyGivenBack(report: ProviderReport): boolean {
  return report.status === 'succeeded' && report.isGivenBack === true;
}

/** A payment as the domain rules see it. */
export function stateOf({ order }: OrderRead, payment: PaymentRow) {
  return { ...payment, capture: order.capture };
}
