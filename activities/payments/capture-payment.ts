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

/** Takes the money that is held for an order, as much of it as was requested. Repeating it takes nothing twice. */
export async function capturePayment(
  deps: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  const read = await readOrder(deps.db, { orderId });
  const { order, payments } = read;
  const held = payments.find(({ status, surplus }) => status === 'authorized' && !surplus);
  const captureMinor = order.captureRequestedMinor;
  if (order.status !== 'authorized' || !held || captureMinor === null) return progressOf(read);
  const answer = await callProvider(deps, held, async (provider) =>
    provider.capturePayment
      ? provider.capturePayment({ ...paymentRef(held), captureMinor })
      : { kind: 'declined' as const, code: 'CANNOT_CAPTURE', message: 'no such operation' },
  ).catch((error: unknown) => {
    const code = exhaustedCode(error, { since: order.commandedAt ?? new Date() });
    if (code === undefined) throw error;
    return { kind: 'declined' as const, code, message: 'neither done nor refused' };
  });
  const report = answer.kind === 'reported' ? answer.report : await askProvider(deps, held);
  const progress = await applyReport(deps, {
    orderId,
    paymentId: held.id,
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
