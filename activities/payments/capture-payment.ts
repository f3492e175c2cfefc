import type { OrderId } from '../../domain/ids.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider, callProvider } from '../../services/payments/ask-provider.ts';
import { commandsAfter } from '../../services/payments/change-of-report.ts';
import { exhaustedCode } from '../../services/payments/exhausted-code.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';
import { paymentRef } from '../../services/payments/payment-ref.ts';

/** Captures the requested amount of an order's authorised payment. Idempotent. */
export async function capturePayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const read = await readOrder(deps.db, { orderId });
  const { order, payments } = read;
  const authorized = payments.find(({ status, surplus }) => status === 'authorized' && !surplus);
  const captureMinor = order.captureRequestedMinor;
  if (order.status !== 'authorized' || !authorized || captureMinor === null)
    return progressOf(read);
  const answer = await callProvider(deps, authorized, async (provider) =>
    provider.capturePayment
      ? provider.capturePayment({ ...paymentRef(authorized), captureMinor })
      : { kind: 'declined' as const, code: 'CANNOT_CAPTURE', message: 'capture is not supported' },
  ).catch((error: unknown) => {
    const code = exhaustedCode(error, { since: order.commandedAt ?? new Date() });
    if (code === undefined) throw error;
    return { kind: 'declined' as const, code, message: 'neither executed nor refused' };
  });
  const report = answer.kind === 'reported' ? answer.report : await askProvider(deps, authorized);
  const progress = await applyReport(deps, {
    orderId,
    paymentId: authorized.id,
    report,
    closeReason: 'closed_by_provider',
  });
  if (answer.kind === 'reported' || progress.status !== 'authorized') return progress;
  deps.logger.error({ orderId, code: answer.code }, 'the provider refused to capture');
  return commitDecision(deps, {
    read: () => readOrder(deps.db, { orderId }),
    decide: ({ order: now }) =>
      now.captureRequestedMinor === null
        ? undefined
        : {
            order: { ...commandsAfter(now, 'captureRequestedMinor'), failureCode: answer.code },
            event: null,
          },
  });
}
