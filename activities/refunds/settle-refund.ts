import type { NotificationId, RefundId } from '../../domain/ids.ts';
import type { RefundReport, RefundStatus } from '../../domain/refund.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import { readRefund } from '../../db/queries/find-refund.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { paymentOf, readOrder, refundOf } from '../../db/queries/read-order.ts';
import type { OrderRead, RefundRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { ActivityDeps } from '../deps.ts';
import { callProvider } from '../../services/payments/ask-provider.ts';
import { exhaustedCode } from '../../services/payments/exhausted-code.ts';
import { commitAnswer } from '../../services/payments/commit-decision.ts';
import { paymentRef } from '../../services/payments/payment-ref.ts';
import { changeOfRefund } from '../../services/refunds/change-of-refund.ts';

/**
 * Advances a refund: queries it, and requests it where the provider has no record of it, always under the same number.
 * The answer is stored only if nothing changed since the query, so an older answer never undoes a newer one.
 */
export async function settleRefund(
  deps: ActivityDeps,
  input: { refundId: RefundId; notificationIds: NotificationId[] },
): Promise<{ status: RefundStatus }> {
  const { db } = deps;
  const row = await readRefund(db, input);
  const { id } = row;
  const { read, answer, change } = await commitAnswer(deps, {
    read: () => readOrder(db, row),
    ask: (read) =>
      reportOf(deps, read, refundOf(read, id)).catch((error: unknown) =>
        recordStuckCode(deps, { read, refund: refundOf(read, id), error }),
      ),
    decide: (read, report) => changeOfRefund({ read, refund: refundOf(read, id), report }),
  });
  for (const id of input.notificationIds) {
    await finishNotification(db, { id, outcome: change ? 'applied' : 'unchanged' });
  }
  const refund = refundOf(read, id);
  logOutcome(deps, refund, answer);
  return { status: change?.refund?.patch.status ?? refund.status };
}

/**
 * Records the code of a refund that waits for a person, as for a repair of the account; it is retried meanwhile, and a
 * person may close it. Rethrows the error.
 */
async function recordStuckCode(
  { db }: ActivityDeps,
  input: { read: OrderRead; refund: RefundRow; error: unknown },
): Promise<never> {
  const { read, refund, error } = input;
  const code = stuckCodeOf(refund, error);
  if (code !== undefined && refund.status === 'pending' && refund.failureCode !== code) {
    const change = {
      order: {},
      refund: { id: refund.id, patch: { failureCode: code } },
      event: null,
    };
    await commitChange(db, { read, change });
  }
  throw error;
}

function stuckCodeOf(refund: RefundRow, error: unknown): string | undefined {
  if (error instanceof ProviderFault && error.kind === 'misconfigured') return error.code;
  return exhaustedCode(error, { since: refund.createdAt });
}

async function reportOf(
  deps: ActivityDeps,
  read: OrderRead,
  refund: RefundRow,
): Promise<RefundReport> {
  const payment = paymentOf(read, refund.paymentId);
  const { refundNo, providerRefundNo } = refund;
  const ref = paymentRef(payment);
  const ask = async () => {
    const answer = await callProvider(deps, payment, (provider) =>
      provider.queryRefund({ payment: ref, refundNo, providerRefundNo }),
    );
    return answer.report;
  };
  const known = await ask();
  if (known.status !== 'absent' || refund.status !== 'pending') return known;
  const result = await callProvider(deps, payment, (provider) =>
    provider.refund({
      payment: ref,
      refundNo,
      refundMinor: refund.amountMinor,
      capturedMinor: payment.capturedMinor,
      reason: refund.reason,
      notifyUrl: `${deps.publicUrl}/providers/${payment.accountId}/notifications`,
    }),
  ).catch((error: unknown) => giveUp({ refund, error, ask }));
  if (result.kind === 'reported') return result.report;
  if (result.kind === 'declined' && result.isOurMistake) {
    const { code, message } = result;
    deps.logger.error(
      { refundId: refund.id, code, message },
      'the provider refuses the request as invalid',
    );
  }
  if (result.kind === 'declined') return { status: 'failed', code: result.code };
  // The number exists there in another state. If the provider then has no record of it, the refund is refused.
  const after = await ask();
  return after.status === 'absent' ? { status: 'failed', code: result.code } : after;
}

/** Rethrows the error, unless retrying is hopeless and the provider still has no record of the refund. */
async function giveUp(input: {
  refund: RefundRow;
  error: unknown;
  ask: () => Promise<RefundReport>;
}): Promise<{ kind: 'reported'; report: RefundReport }> {
  const { refund, error, ask } = input;
  const code = exhaustedCode(error, { since: refund.createdAt });
  if (code === undefined) throw error;
  const report = await ask();
  if (report.status !== 'absent') return { kind: 'reported', report };
  return { kind: 'reported', report: { status: 'needs_attention', code } };
}

function logOutcome({ logger }: ActivityDeps, refund: RefundRow, report: RefundReport): void {
  const about = { refundId: refund.id, orderId: refund.orderId };
  if (report.status === 'needs_attention') {
    logger.error(
      { ...about, code: report.code },
      'a refund bounced or could not be executed; a person must act at the provider',
    );
  }
  if (report.status === 'unknown') {
    const { providerStatus } = report;
    logger.error({ ...about, providerStatus }, 'unmapped refund status');
  }
}
