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
 * Brings a refund as far as the provider lets it: asks what became of it, and gives the order to give
 * the money back where the provider knows nothing of it, always under the same number. The answer is
 * written only if nothing changed since it was asked for, so an older answer never undoes a newer one.
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
  alert(deps, refund, answer);
  return { status: change?.refund?.patch.status ?? refund.status };
}

/**
 * A refund that waits for a person, as for the account to be mended, says so: it goes on being asked for, and a person
 * may end it. Throws what was thrown.
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
  const given = await callProvider(deps, payment, (provider) =>
    provider.refund({
      payment: ref,
      refundNo,
      refundMinor: refund.amountMinor,
      capturedMinor: payment.capturedMinor,
      reason: refund.reason,
      notifyUrl: `${deps.publicUrl}/providers/${payment.accountId}/notifications`,
    }),
  ).catch((error: unknown) => giveUp({ refund, error, ask }));
  if (given.kind === 'reported') return given.report;
  if (given.kind === 'declined' && given.isOurMistake) {
    const { code, message } = given;
    deps.logger.error(
      { refundId: refund.id, code, message },
      'the provider refuses how it was asked',
    );
  }
  if (given.kind === 'declined') return { status: 'failed', code: given.code };
  // Known there in another state: a no to this number that the provider confirms by not knowing it.
  const after = await ask();
  return after.status === 'absent' ? { status: 'failed', code: given.code } : after;
}

/** Throws what was thrown, unless nothing is to be hoped for any more and the provider still knows of no such refund. */
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

function alert({ logger }: ActivityDeps, refund: RefundRow, report: RefundReport): void {
  const about = { refundId: refund.id, orderId: refund.orderId };
  if (report.status === 'needs_attention') {
    logger.error(
      { ...about, code: report.code },
      'a refund bounced or could not be made; a person must act at the provider',
    );
  }
  if (report.status === 'unknown') {
    const { providerStatus } = report;
    logger.error({ ...about, providerStatus }, 'a refund status we have no word for');
  }
}
